"""Step: keep every page as received, and read it back."""

from collections.abc import Iterator
from dataclasses import replace

from tasks.clock import parse_instant
from tasks.landing.store import Batch, Landed, Landing
from tasks.rest.received import ReceivedPage
from tasks.rest.sections import decode
from tasks.rest.spec import Request, Stream


def keep(landing: Landing, batch: Batch, number: int, page: ReceivedPage) -> ReceivedPage:
    """Land a page under its number in the batch. Raises StorageError."""
    header = {
        "section": page.section,
        "partition": page.partition,
        "request": page.request.as_json(),
        "records": len(page.records),
        "unreadable": len(page.unreadable),
        "received_at": page.received_at.isoformat(),
        "resume": page.resume,
        "cursor": page.cursor,
        "total": page.total,
    }
    landing.keep(batch, number, header, page.body)
    return replace(page, number=number)


def read_back(landing: Landing, stream: Stream, batch: Batch) -> Iterator[ReceivedPage]:
    """The landed pages of a batch, whole groups only.

    A group that was interrupted is asked for again.
    """
    group: list[ReceivedPage] = []
    for landed in landing.pages(batch):
        page = _decoded(stream, landed)
        group.append(page)
        if page.resume is not None:
            yield from group
            group = []


def _decoded(stream: Stream, landed: Landed) -> ReceivedPage:
    header = landed.header
    return ReceivedPage(
        header["section"],
        header["partition"],
        Request.from_json(header["request"]),
        landed.body,
        decode(stream, header["section"], landed.body),
        parse_instant(header["received_at"]),
        resume=header["resume"],
        cursor=header["cursor"],
        total=header["total"],
        number=landed.number,
    )
