"""A page as it was received, and how far a stream has been read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tasks.clock import parse_instant
from tasks.rest.spec import Json, Request
from tasks.rest.typed import Decoded, Page, UnreadableRecord

Resume = Mapping[str, Json]  # where an interrupted batch continues
DONE: Resume = {"done": True}  # nothing is left to ask for


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """One page of one section of a stream: raw body, decoded content, and how it was asked for.

    A page that was landed has a `number` in its batch, counted from 1. `resume` is None inside a
    group; at the group's end it says where an interrupted batch continues. `cursor` is the vendor's
    own, `total` the number of records that the vendor reports.
    """

    section: str
    partition: str | None
    request: Request
    body: bytes = field(repr=False)
    content: Page
    received_at: datetime
    resume: Resume | None = None
    cursor: str | None = None
    total: int | None = None
    number: int = 0

    @property
    def records(self) -> Sequence[Decoded]:
        """The records that have the declared types."""
        return self.content.records

    @property
    def unreadable(self) -> Sequence[UnreadableRecord]:
        """The other records."""
        return self.content.unreadable

    @property
    def count(self) -> int:
        """Records on the page, readable or not."""
        return len(self.records) + len(self.unreadable)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a stream has been read.

    An instant, a vendor's cursor, or per partition the instant and the partition's cursor. At
    `looked` the day before was read again.
    """

    until: datetime | None = None
    cursor: str | None = None
    partitions: Mapping[str, tuple[datetime, str]] | None = None
    looked: datetime | None = None

    def as_json(self) -> dict[str, Json]:
        """For the bookmark table."""
        known = sorted((self.partitions or {}).items())
        return {
            "until": self.until.isoformat() if self.until else None,
            "cursor": self.cursor,
            "partitions": {key: [at.isoformat(), cursor] for key, (at, cursor) in known},
            "looked": self.looked.isoformat() if self.looked else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Bookmark":
        """The inverse of `as_json`."""
        known = (stored.get("partitions") or {}).items()
        until, looked = stored.get("until"), stored.get("looked")
        return cls(
            parse_instant(until) if until else None,
            stored.get("cursor"),
            {key: (parse_instant(at), cursor) for key, (at, cursor) in known},
            parse_instant(looked) if looked else None,
        )
