"""Reads one batch of one stream: a generator of pages, in groups that can be gone on from after a
kill.

A group is a page with all calls that child from it. The last page of a group says where to go on
(`resume`); a batch that was cut is resumed after its last complete group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from tasks.clock import Window, now, parse_instant
from tasks.errors import ContractError, NotInPlanError, RepeatedPageError, TruncatedPageError
from tasks.rest.client import Client, Response
from tasks.rest.exports import parts_of
from tasks.rest.paging import SinglePage
from tasks.rest.spec import (
    ChildStream,
    Export,
    FullRefresh,
    IncrementalCursor,
    IncrementalWindow,
    Json,
    ParentStream,
    Request,
    Stream,
)
from tasks.rest.typed import TOP_LIST, Page, PageReader

MAIN, PARENTS, PARENT_DOCUMENT = "main", "parents", "parent_document"


@dataclass(frozen=True, slots=True)
class Received:
    """One page as it came: its part of the stream, raw body, and the decoded page.

    `resume` is None inside a group; at its end it says where to go on, {"done": True} when nothing
    is left.
    """

    section: str
    partition: str | None
    request: Request
    body: bytes
    page: Page
    received_at: datetime
    resume: Mapping[str, Json] | None = None
    cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a stream has been read: an instant, a vendor's cursor, or an instant and mark per
    partition.
    """

    until: datetime | None = None
    cursor: str | None = None
    partitions: Mapping[str, tuple[datetime, str]] | None = None

    def as_json(self) -> dict[str, Json]:
        """For the bookmark table."""
        parts = {
            k: [at.isoformat(), mark] for k, (at, mark) in sorted((self.partitions or {}).items())
        }
        return {
            "until": self.until.isoformat() if self.until else None,
            "cursor": self.cursor,
            "partitions": parts,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Bookmark":
        """The inverse of `as_json`."""
        parts = {
            k: (parse_instant(at), mark)
            for k, (at, mark) in (stored.get("partitions") or {}).items()
        }
        until = stored.get("until")
        return cls(parse_instant(until) if until else None, stored.get("cursor"), parts)


@cache
def reader_for(stream_id: int, section: str) -> PageReader:
    """The compiled reader of one part of a stream (by identity: streams are module constants)."""
    return _build_reader(_STREAMS[stream_id], section)


_STREAMS: dict[int, Stream] = {}


def page_reader(stream: Stream, section: str) -> PageReader:
    """The compiled reader of one part of a stream."""
    _STREAMS[id(stream)] = stream
    return reader_for(id(stream), section)


def _build_reader(stream: Stream, section: str) -> PageReader:
    outputs = [b for b in stream.outputs if b.section == section]
    paging, records, extra = _layout(stream, section)
    whole = any(b.transform for b in outputs) or section == PARENT_DOCUMENT
    paths = [p for b in outputs for p in b.paths] + list(extra)
    envelope = list(paging.envelope)
    if isinstance(stream.sync, IncrementalCursor) and section == MAIN:
        envelope.append(stream.sync.cursor)
    if stream.total and not stream.total.at.startswith("header:") and section == MAIN:
        envelope.append(stream.total.at)
    reader = PageReader(
        records=records,
        paths=paths,
        envelope=envelope,
        lists=[b.each for b in outputs if b.each],
        flat=stream.flat,
        whole=whole,
    )
    for b in outputs:
        if b.each:
            reader.declare_items(b.each, [p for p in b.paths if p.split(".")[0] == "item"])
    return reader


def _layout(stream: Stream, section: str) -> tuple[Any, str, tuple[str, ...]]:
    """Paging, record path and further needed record paths of one part."""
    if section == MAIN:
        keys = tuple(f.key for f in stream.child_streams)
        return stream.paging, stream.records, (*keys, *stream.paging.of_last)
    if section == PARENTS and stream.parent:
        return (
            stream.parent.paging,
            stream.parent.records,
            (stream.parent.partition_key, stream.parent.partition_cursor),
        )
    if section == PARENT_DOCUMENT:
        return SinglePage(), "", ()
    child = next(f for f in _all_child_streams(stream.child_streams) if f.name == section)
    keys = tuple(f.key for f in child.child_streams)
    return child.paging or SinglePage(), child.records, keys


def _all_child_streams(child_streams: Sequence[ChildStream]) -> Iterator[ChildStream]:
    for child in child_streams:
        yield child
        yield from _all_child_streams(child.child_streams)


class _View:
    """The view of a page that paging objects get."""

    def __init__(self, reader: PageReader, answer: Response, page: Page) -> None:
        self._reader, self._page = reader, page
        self.headers = answer.headers

    @property
    def count(self) -> int:
        return len(self._page.records)

    def value(self, path: str) -> Json:
        return self._reader.value(self._page.document, path)

    def last(self, path: str) -> Json:
        last = self._page.records[-1:]
        return self._reader.column(last, path)[0] if last else None


class Reading:
    """One batch in progress: walks partitions, pages and child-up calls."""

    def __init__(self, client: Client, stream: Stream, window: Window, bookmark: Bookmark) -> None:
        self._client, self._stream, self._window, self._bookmark = client, stream, window, bookmark
        self._earlier: set[Any] = set()
        self._previous: bytes | None = None
        self._asked_for: dict[str, set[str]] = {}
        client.pace_for(stream.name, stream.requests_per_minute)

    def pages(
        self, resume: Mapping[str, Json] | None = None, partitions: Sequence[Page] = ()
    ) -> Iterator[Received]:
        """Every page of the batch, or those after `resume`.

        `partitions` are list pages landed before the kill.

        Raises one of the VendorErrors; pages already yielded are good.
        """
        if resume and resume.get("done"):
            return
        if self._stream.parent:
            yield from self._each_partition(self._stream.parent, resume, partitions)
            return
        start = Request.from_json(resume["request"]) if resume else self._first(None, self._window)
        yield from self._series(start, partition=None, after={"done": True})

    def catalogue(self) -> Iterator[Received]:
        """The list of a stream's partitions, and each one's lead: surveys and their questions,
        without the answers.
        """
        each = self._stream.parent
        if each is None:
            return
        reader = page_reader(self._stream, PARENTS)
        for received in self._list_partitions(each):
            yield received
            for key in reader.column(received.page.records, each.partition_key):
                yield self._parent_document(each, str(key))

    def _each_partition(
        self, each: ParentStream, resume: Mapping[str, Json] | None, landed: Sequence[Page]
    ) -> Iterator[Received]:
        reader = page_reader(self._stream, PARENTS)
        lists = list(landed)
        if not resume:
            for received in self._list_partitions(each):
                lists.append(received.page)
                yield received
        todo = list(
            {
                key: (key, window)
                for page in lists
                for key, window in self._with_news(each, reader, page)
            }.values()
        )
        if not resume and not todo:
            return
        first = 0
        if resume and resume.get("partition") is not None:
            first = next(
                (i for i, (key, _) in enumerate(todo) if key == resume["partition"]), len(todo)
            )
        for index in range(first, len(todo)):
            key, window = todo[index]
            following = (
                {"partition": todo[index + 1][0]} if index + 1 < len(todo) else {"done": True}
            )
            asked = resume.get("request") if resume and index == first else None
            if asked is None:
                yield self._parent_document(each, key)
            start = Request.from_json(asked) if asked else self._first(key, window)
            yield from self._series(start, partition=key, after=following)

    def _parent_document(self, each: ParentStream, key: str) -> Received:
        """A partition's own document.

        Raises ContractError for anything else, such as an error with status 200.
        """
        received, _ = self._ask(each.parent_document(key), PARENT_DOCUMENT, key)
        found: Any = msgspec.json.decode(received.body)
        for name in each.parent_document_has.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if found is None:
            raise ContractError(
                f"{self._client.account.name}/{self._stream.name}: the answer for {key} has no"
                f" {each.parent_document_has}"
            )
        return received

    def _list_partitions(self, each: ParentStream) -> Iterator[Received]:
        request: Request | None = each.paging.first(each.request)
        while request:
            received, seen = self._ask(request, PARENTS, None)
            request = each.paging.after(request, seen)
            yield received if request else _ending(received, {"partition": None})

    def _with_news(
        self, each: ParentStream, reader: PageReader, page: Page
    ) -> Iterator[tuple[str, Window]]:
        keys = reader.column(page.records, each.partition_key)
        marks = reader.column(page.records, each.partition_cursor)
        known = self._bookmark.partitions or {}
        overlap = (
            self._stream.sync.overlap if isinstance(self._stream.sync, IncrementalWindow) else None
        )
        for key, mark in zip(map(str, keys), map(str, marks), strict=True):
            if key not in known:
                yield key, self._window
                continue
            read_at, old_mark = known[key]
            if mark != old_mark or self._window.end - read_at >= each.recheck:
                yield (
                    key,
                    Window(read_at - overlap if overlap else self._window.start, self._window.end),
                )

    def _first(self, partition: str | None, window: Window) -> Request:
        stream, sync = self._stream, self._stream.sync
        path, params, body = stream.path, dict(stream.params), None
        if partition is not None:
            path, params = (
                path.replace("{key}", partition),
                {name: value.replace("{key}", partition) for name, value in params.items()},
            )
        if isinstance(sync, IncrementalCursor) and self._bookmark.cursor:
            params[sync.param] = self._bookmark.cursor
        elif not isinstance(sync, FullRefresh):
            params.update(sync.ask(window))
            body = (
                sync.body(window, self._client.account.settings)
                if isinstance(sync, IncrementalWindow) and sync.body
                else None
            )
        return stream.paging.first(Request(path, params, stream.method, body))

    def _series(
        self, start: Request, *, partition: str | None, after: Mapping[str, Json]
    ) -> Iterator[Received]:
        """All pages from `start` on, each with its child-up calls."""
        request: Request | None = start
        export = self._stream.export
        if export and self._window.end - self._window.start >= export.least:
            yield from self._exported(export, partition, after)
            return
        while request:
            received, seen = self._ask(request, MAIN, partition)
            following = self._stream.paging.after(received.request, seen)
            self._refuse_repeats(
                following, None if self._is_empty(received, seen) else received.body
            )
            group = [received, *self._children_of(self._stream.child_streams, received, MAIN)]
            state = (
                after
                if following is None
                else {"partition": partition, "request": following.as_json()}
            )
            yield from group[:-1]
            yield _ending(group[-1], state)
            request = following

    def _exported(
        self, export: Export, partition: str | None, after: Mapping[str, Json]
    ) -> Iterator[Received]:
        """The parts of an exported file are one group: a cut export is asked for anew."""
        stream, window = self._stream, self._partition_window(partition)
        reader = page_reader(stream, MAIN)
        held: Received | None = None
        for request, body in parts_of(
            self._client, export, partition, window, stream=stream.name, records=stream.records
        ):
            if held:
                yield held
            held = Received(MAIN, partition, request, body, reader.decode(body), now())
        if held:
            yield _ending(held, after)

    def _partition_window(self, partition: str | None) -> Window:
        known = (self._bookmark.partitions or {}).get(partition or "")
        overlap = (
            self._stream.sync.overlap if isinstance(self._stream.sync, IncrementalWindow) else None
        )
        return Window(known[0] - overlap, self._window.end) if known and overlap else self._window

    def _children_of(
        self, child_streams: Sequence[ChildStream], received: Received, section: str
    ) -> Iterator[Received]:
        reader = page_reader(self._stream, section)
        for child in child_streams:
            records: Sequence[Any] = received.page.records
            found = reader.column(records, child.key)
            if (
                section == MAIN
                and None in found
                and not self._stream.missing_is_empty
                and not any(b.section == MAIN for b in self._stream.outputs)
            ):
                raise ContractError(
                    f"{self._client.account.name}/{self._stream.name}: a record has no"
                    f" {child.key}, by which the rest of it is asked for"
                )
            if any(isinstance(k, (dict, list)) for k in found):
                raise ContractError(
                    f"{self._client.account.name}/{self._stream.name}: the {child.key} of a record"
                    " is not a plain value"
                )
            keys = tuple(
                dict.fromkeys(
                    str(k) for k in found if k is not None and (not child.filter or child.filter(k))
                )
            )
            if child.once:
                asked = self._asked_for.setdefault(child.name, set())
                keys = tuple(key for key in keys if key not in asked)
                asked.update(keys)
            for at in range(0, len(keys), child.chunk):
                yield from self._child_pages(child, keys[at : at + child.chunk], received.partition)

    def _child_pages(
        self, child: ChildStream, keys: tuple[str, ...], partition: str | None
    ) -> Iterator[Received]:
        paging = child.paging or SinglePage()
        label = partition or (keys[0] if child.chunk == 1 else None)
        request: Request | None = paging.first(child.ask(keys))
        while request:
            try:
                received, seen = self._ask(request, child.name, label)
            except NotInPlanError:
                return  # gone since the page was made: deleted records answer 404 on their children
            self._refuse_another(child, keys, received)
            yield received
            yield from self._children_of(child.child_streams, received, child.name)
            request = paging.after(request, seen)

    def _refuse_another(
        self, child: ChildStream, keys: tuple[str, ...], received: Received
    ) -> None:
        """A document has an id, its own or (after a merge) another's; anything else is an error
        with status 200.
        """
        if child.records or len(keys) > 1 or not received.page.records:
            return
        record = received.page.records[0]
        values = record if isinstance(record, dict) else msgspec.structs.asdict(record)
        is_there = (
            values.get("id")
            if isinstance(record, dict)
            else any(v is not None and v is not msgspec.UNSET for v in values.values())
        )
        if not is_there:
            raise ContractError(
                f"{self._client.account.name}/{self._stream.name}: the answer for"
                f" {child.name} {keys[0]} is no record: it has no id"
            )

    def _ask(self, request: Request, section: str, partition: str | None) -> tuple[Received, _View]:
        reader = page_reader(self._stream, section)
        while True:
            try:
                answer, page = self._client.send(
                    request,
                    stream=self._stream.name,
                    optional=self._stream.optional,
                    accept=reader.decode,
                    missing=(
                        _no_records(self._stream.records)
                        if section == MAIN and self._stream.missing_is_empty
                        else None
                    ),
                )
                break
            except TruncatedPageError:
                smaller = self._stream.paging.smaller(request) if section == MAIN else None
                if smaller is None:
                    raise
                request = smaller
            except ContractError as wrong:
                raise type(wrong)(
                    f"{self._client.account.name}/{self._stream.name}: {wrong}"
                ) from None
        seen = _View(reader, answer, page)
        cursor = None
        if isinstance(self._stream.sync, IncrementalCursor) and section == MAIN:
            found = seen.value(self._stream.sync.cursor)
            cursor = None if found is None else str(found)
        received = Received(
            section,
            partition,
            request,
            answer.body,
            page,
            now(),
            cursor=cursor,
            total=self._total(section, seen),
        )
        return received, seen

    def _total(self, section: str, seen: _View) -> int | None:
        total = self._stream.total
        if not total or section != MAIN:
            return None
        name = total.at.removeprefix("header:")
        found = seen.headers.get(name) if name != total.at else seen.value(name)
        return int(found) if found is not None else None

    def _is_empty(self, received: Received, seen: _View) -> bool:
        missing = self._stream.missing_is_empty and received.body == _no_records(
            self._stream.records
        )
        return missing or seen.count == 0

    def _refuse_repeats(self, following: Request | None, body: bytes | None) -> None:
        """A page that leads to one already read, or that comes twice in a row, would be followed
        for ever.

        Pages without records (`body` None), such as days without a file, are alike.
        """
        name = f"{self._client.account.name}/{self._stream.name}"
        asked = None if following is None else repr(following)
        if asked is not None and asked in self._earlier:
            raise RepeatedPageError(f"{name}: the next page is one that was already read; stopped")
        if body is not None and body == self._previous:
            raise RepeatedPageError(f"{name}: the same page came twice in a row; stopped")
        self._previous = body
        if asked is not None:
            self._earlier.add(asked)


def _no_records(path: str) -> bytes:
    """A page without records at `path`."""
    if path == TOP_LIST:
        return b"[]"
    body = "[]"
    for name in reversed(path.split(".")):
        body = f'{{"{name}":{body}}}'
    return body.encode() if path else b"{}"


def _ending(received: Received, resume: Mapping[str, Json]) -> Received:
    return Received(
        received.section,
        received.partition,
        received.request,
        received.body,
        received.page,
        received.received_at,
        resume=resume,
        cursor=received.cursor,
        total=received.total,
    )


def redecode(stream: Stream, section: str, body: bytes) -> Page:
    """A landed page decoded again, for replay."""
    return page_reader(stream, section).decode(body)
