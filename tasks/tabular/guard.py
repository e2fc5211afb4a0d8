"""Keeps rows that one file brought from being replaced by rows of a new file with the same keys."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from tasks.entities import Entity
from tasks.rest.received import ReceivedPage
from tasks.rest.spec import PARENT_DOCUMENT
from tasks.tabular.spec import Facts, taken, what_to_set
from tasks.warehouse import runlog
from tasks.warehouse.merge import Replacing, rows_that_replace, unstage
from tasks.warehouse.session import Session

RULE = "one file a key"


@dataclass(frozen=True, slots=True)
class Taken:
    """A row whose key another file has: the place of its record, and the reason."""

    page_number: int
    record_number: int | None
    reason: str


@dataclass(slots=True)
class FilesOfBatch:
    """Which file brought each page of a batch; nothing for batches of other connectors.

    `written` gives a reason as it stands in the quarantine, `landed` the pages of an earlier batch.
    """

    written: Callable[[str], str]
    landed: Callable[[str], Iterable[ReceivedPage]] = lambda batch_id: ()
    _pages: dict[int, Facts] = field(default_factory=dict)
    _earlier: dict[str, dict[int, Facts]] = field(default_factory=dict)
    _now: Facts | None = None

    def note(self, page: ReceivedPage) -> ReceivedPage:
        """The page, after its file is noted."""
        if page.section == PARENT_DOCUMENT:
            self._now = msgspec.convert(page.records[0], Facts)
        elif self._now:
            self._pages[page.number] = self._now
        return page

    @property
    def is_all(self) -> bool:
        """Whether the batch has every file that was ever known."""
        return bool(self._pages) and all(facts.is_all for facts in self._pages.values())

    def set_aside(self, session: Session, entity: Entity, account: str, stream: str) -> list[Taken]:
        """Take out of the stage what would replace rows of other files.

        Where the page of the other row is no longer landed, that is what a new file brings, and
        what was set aside of the file before.
        """
        guarded = [page for page, facts in self._pages.items() if facts.keeps_others]
        found = rows_that_replace(session, entity, guarded)
        if not found:
            return []
        waiting = {
            f"{start}; "
            for reason in runlog.open_quarantine_reasons(session, account, stream)
            for start, _, rest in (reason.partition("; "),)
            if rest
        }
        rejected, orders = [], []
        for row in found:
            facts, former = self._pages[row.page_number], self._former(row)
            names = zip(entity.key, row.key, strict=True)
            start = taken(facts, ", ".join(f"{name} {value}" for name, value in names))
            is_waiting = facts.is_new or self.written(start) in waiting
            if is_waiting if former is None else not _is_same(facts, former):
                other = (former.path or former.file) if former else "another file"
                reason = f"{start}the row of {other} counts; {what_to_set(entity)}"
                rejected.append(Taken(row.page_number, row.record_number, reason))
                orders.append(row.order)
        unstage(session, entity, orders)
        return rejected

    def _former(self, row: Replacing) -> Facts | None:
        """The file of the row that would be replaced, as far as its page is still landed."""
        if row.former_batch not in self._earlier:
            files = FilesOfBatch(self.written)
            for page in self.landed(row.former_batch):
                files.note(page)
            self._earlier[row.former_batch] = files._pages
        return self._earlier[row.former_batch].get(row.former_page)

    def repeated(self, rejected: Iterable[tuple[int, str]]) -> list[str]:
        """Reasons that name their file, so that the same one from before is about the same row."""
        names = {page: facts.name for page, facts in self._pages.items()}
        return [
            self.written(reason)
            for page, reason in rejected
            if (name := names.get(page)) and name in reason
        ]


def _is_same(one: Facts, other: Facts) -> bool:
    """Whether two pages are of one file; pages of earlier versions have no path."""
    if one.path and other.path:
        return one.path == other.path
    return one.name == other.name
