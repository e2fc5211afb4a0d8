"""Step: keep every page as received, and read it back."""

from collections.abc import Iterator

from tasks.clock import parse_instant
from tasks.landing.pages import LandedPage
from tasks.landing.store import Batch, Landed, Landing
from tasks.rest.reading import Received, redecode
from tasks.rest.spec import Stream


def keep(landing: Landing, batch: Batch, number: int, received: Received) -> LandedPage:
    """Land a page under its number in the batch."""
    header = {
        "section": received.section,
        "partition": received.partition,
        "request": received.request.as_json(),
        "records": len(received.page.records),
        "unreadable": len(received.page.unreadable),
        "received_at": received.received_at.isoformat(),
        "resume": received.resume,
        "cursor": received.cursor,
        "total": received.total,
    }
    landing.keep(batch, number, header, received.body)
    return LandedPage(
        number,
        received.section,
        received.partition,
        received.received_at,
        received.page,
        dict(received.resume) if received.resume else None,
        received.cursor,
        received.total,
        received.body,
    )


def read_back(landing: Landing, stream: Stream, batch: Batch) -> Iterator[LandedPage]:
    """The landed pages of a batch, whole groups only: a group that was cut is asked for again."""
    group: list[LandedPage] = []
    for landed in landing.pages(batch):
        group.append(_decoded(stream, landed))
        if landed.header["resume"] is not None:
            yield from group
            group = []


def _decoded(stream: Stream, landed: Landed) -> LandedPage:
    header = landed.header
    return LandedPage(
        landed.number,
        header["section"],
        header["partition"],
        parse_instant(header["received_at"]),
        redecode(stream, header["section"], landed.body),
        header["resume"],
        header["cursor"],
        header["total"],
        landed.body,
    )
