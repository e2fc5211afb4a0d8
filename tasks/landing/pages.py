"""The tally of a batch: what its pages have brought so far."""

from dataclasses import dataclass, field

from tasks.rest.received import ReceivedPage, Resume
from tasks.rest.spec import MAIN, PARENT_DOCUMENT, PARENTS
from tasks.rest.typed import Page


@dataclass(slots=True)
class Tally:
    """What a batch has brought so far.

    The manifest, the bookmark and the comparison with the vendor's total need it. `lists` are the
    pages that list partitions, `read` the partitions of which pages were read. Totals and counts
    are by partition.
    """

    pages: int = 0
    records: int = 0
    unreadable: int = 0
    cursor: str | None = None
    resume: Resume | None = None
    lists: list[Page] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    totals: dict[str | None, int] = field(default_factory=dict)
    latest_totals: dict[str | None, int] = field(default_factory=dict)
    counts: dict[str | None, int] = field(default_factory=dict)
    by_part: dict[str, int] = field(default_factory=dict)

    def add(self, page: ReceivedPage) -> None:
        """Count a page."""
        self.pages += 1
        self.records += page.count if page.section != PARENT_DOCUMENT else 0
        self.unreadable += len(page.unreadable)
        self.by_part[page.section] = self.by_part.get(page.section, 0) + page.count
        self.cursor = page.cursor or self.cursor
        self.resume = page.resume or self.resume
        if page.section == PARENTS:
            self.lists.append(page.content)
        if page.section == MAIN:
            self._add_main(page)

    def _add_main(self, page: ReceivedPage) -> None:
        if page.partition:
            self.read.add(page.partition)
        if page.total is not None:
            self.totals.setdefault(page.partition, page.total)
            self.latest_totals[page.partition] = page.total
        self.counts[page.partition] = self.counts.get(page.partition, 0) + page.count

    @property
    def short(self) -> list[tuple[int, int]]:
        """(reported, received) wherever the vendor reported more records than came.

        The smaller of the first and the latest total counts: records may leave the window while it
        is read, and where each page asks for the rest, only the first total is that of all.
        """
        pairs = []
        for partition, reported in self.totals.items():
            received = self.counts.get(partition, 0)
            if received < min(reported, self.latest_totals[partition] or reported):
                pairs.append((reported, received))
        return pairs
