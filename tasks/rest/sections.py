"""The compiled reader of each section of a stream: its pages, its child streams', its parents'."""

from functools import cache

from tasks.rest.paging import SinglePage
from tasks.rest.spec import (
    MAIN,
    PARENT_DOCUMENT,
    PARENTS,
    IncrementalCursor,
    Paging,
    Stream,
)
from tasks.rest.typed import Page, PageReader
from tasks.rest.values import Path

_STREAMS: dict[int, Stream] = {}


def page_reader(stream: Stream, section: str) -> PageReader:
    """The compiled reader of one section, made once (streams are module constants)."""
    _STREAMS[id(stream)] = stream
    return _compiled(id(stream), section)


def decode(stream: Stream, section: str, body: bytes) -> Page:
    """A page of one section. Raises TruncatedPageError or ContractError."""
    return page_reader(stream, section).decode(body)


@cache
def _compiled(stream_id: int, section: str) -> PageReader:
    stream = _STREAMS[stream_id]
    outputs = [output for output in stream.outputs if output.section == section]
    needed = [Path(path) for path in _needed_paths(stream, section)]
    return PageReader(
        records=stream.records_of(section),
        values=[*(value for output in outputs for value in output.values), *needed],
        envelope=_envelope(stream, section),
        lists={
            each: [value for output in outputs if output.each == each for value in output.values]
            for each in (output.each for output in outputs)
            if each
        },
        flat=stream.flat,
        whole=section == PARENT_DOCUMENT or any(output.transform for output in outputs),
    )


def paging_of(stream: Stream, section: str) -> Paging:
    """How the pages of a section follow one another."""
    if section == MAIN:
        return stream.paging
    if section == PARENTS and stream.parent:
        return stream.parent.paging
    if section == PARENT_DOCUMENT:
        return SinglePage()
    return stream.child(section).paging or SinglePage()


def _needed_paths(stream: Stream, section: str) -> tuple[str, ...]:
    """Paths of a record that reading itself needs, apart from the outputs."""
    if section == MAIN:
        children = stream.child_streams
        filters = (child.filter_at for child in children if child.filter_at)
        return (*(child.key for child in children), *filters, *stream.paging.of_last)
    if section == PARENTS and stream.parent:
        return (stream.parent.partition_key, stream.parent.partition_cursor)
    if section == PARENT_DOCUMENT:
        return ()
    return tuple(child.key for child in stream.child(section).child_streams)


def _envelope(stream: Stream, section: str) -> tuple[str, ...]:
    """Paths outside the records that reading needs."""
    paths = paging_of(stream, section).envelope
    if section != MAIN:
        return paths
    if isinstance(stream.sync, IncrementalCursor):
        paths = (*paths, stream.sync.cursor)
    if stream.total and isinstance(stream.total.at, str):
        paths = (*paths, stream.total.at)
    return paths
