"""Step: keep every page as received, and read it back."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tasks.clock import parse_instant
from tasks.landing.store import Batch, Landed, Landing
from tasks.rest.received import ReceivedPage
from tasks.rest.sections import decode
from tasks.rest.spec import PARENT_DOCUMENT, PARENTS, Request, Stream

_SECTIONS_OF_0_1 = {"partitions": PARENTS, "lead": PARENT_DOCUMENT}


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
    section = _section(header)
    return ReceivedPage(
        section,
        header["partition"],
        Request.from_json(header["request"]),
        landed.body,
        decode(stream, section, landed.body),
        parse_instant(header["received_at"]),
        resume=header["resume"],
        cursor=header["cursor"],
        total=header["total"],
        number=landed.number,
    )


def _section(header: Mapping[str, Any]) -> str:
    """The section of a landed page; version 0.1 called it `part`."""
    if "section" in header:
        return str(header["section"])
    part = str(header["part"])
    return _SECTIONS_OF_0_1.get(part, part)
