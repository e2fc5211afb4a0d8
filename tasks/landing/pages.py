"""Landed pages, decoded, and the tally of a batch."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tasks.rest.reading import MAIN, PARENTS
from tasks.rest.typed import Page


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A page that is safe on disk, decoded: the same whether it has just come or was read back."""

    number: int
    section: str
    partition: str | None
    received_at: datetime
    page: Page
    resume: dict[str, Any] | None
    cursor: str | None
    total: int | None
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What a batch has brought so far: for the manifest, the bookmark and the comparison with the
    vendor's total.
    """

    pages: int = 0
    records: int = 0
    unreadable: int = 0
    cursor: str | None = None
    resume: dict[str, Any] | None = None
    lists: list[Page] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    totals: dict[str | None, int] = field(default_factory=dict)
    latest_totals: dict[str | None, int] = field(default_factory=dict)
    counts: dict[str | None, int] = field(default_factory=dict)
    by_part: dict[str, int] = field(default_factory=dict)

    def add(self, page: LandedPage) -> None:
        """Count a page."""
        count = len(page.page.records) + len(page.page.unreadable)
        self.pages += 1
        self.records += count
        self.unreadable += len(page.page.unreadable)
        self.by_part[page.section] = self.by_part.get(page.section, 0) + count
        self.cursor = page.cursor or self.cursor
        self.resume = page.resume or self.resume
        if page.section == PARENTS:
            self.lists.append(page.page)
        if page.section == MAIN:
            if page.partition:
                self.read.add(page.partition)
            if page.total is not None:
                self.totals.setdefault(page.partition, page.total)
                self.latest_totals[page.partition] = page.total
            self.counts[page.partition] = self.counts.get(page.partition, 0) + count

    @property
    def short(self) -> list[tuple[int, int]]:
        """(told, received) wherever the vendor told of more records than came.

        The smaller of the first and the latest total counts: records may leave the window while it
        is read, and where each page asks for the rest, only the first total is that of all.
        """
        told = {p: self.totals[p] for p in self.totals}
        return [
            (told[p], self.counts.get(p, 0))
            for p in told
            if self.counts.get(p, 0) < min(told[p], self.latest_totals[p] or told[p])
        ]
