"""Reads a table from its files or its query: what is new since the last time, page by page.

What is remembered between runs is a text, kept as the stream's cursor: a mark of every file, the
conventions that were proved, and the greatest value of the column by which rows change. A file with
the mark of the last time is not opened; another setting of the table opens all.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import fsspec
import msgspec

from tasks.errors import ConfigurationError
from tasks.rest.spec import Json
from tasks.tabular.declared import TableSettings, is_pattern
from tasks.tabular.opening import Cell, Grid, grids_of, named
from tasks.tabular.recognise import (
    Proofs,
    Table,
    facts_of,
    merged,
    proofs_in,
    settled,
    sources,
    table_in,
)
from tasks.tabular.rows import reader_of
from tasks.tabular.spec import Facts, TableSpec

_ROWS_OF_PAGE = 20_000
_FORMAT = 1  # one more when the same file is to be read otherwise
_OVERLAP = timedelta(days=1)
_MARKS = (
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "ETag",
    "etag",
    "Last-Modified",
)
_NUMBERS = frozenset({"whole", "number", "money"})

Query = Callable[[str, Mapping[str, object]], Sequence[Mapping[str, object]]]


class State(msgspec.Struct, forbid_unknown_fields=False):
    """What is remembered between runs."""

    settings: str = ""
    files: dict[str, str] = {}
    numbers: dict[str, str] = {}
    days: dict[str, str] = {}
    greatest: str = ""
    by_file: bool = False

    def as_text(self) -> str:
        """For the cursor."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True)
class FilePage:
    """Some rows of a file. `facts` come with its first page; `is_last` closes the file.

    The last page of all has the `cursor`.
    """

    file: str
    rows: Sequence[Mapping[str, Cell]] = field(repr=False)
    facts: Facts | None = None
    is_last: bool = False
    cursor: str | None = None


@dataclass(slots=True)
class TableReader:
    """One table of one account in one run. `warnings` are what a user should know of it."""

    spec: TableSpec
    table: TableSettings
    start: datetime
    query: Query
    warnings: list[str] = field(default_factory=list)
    _opened: tuple[str, Table] | None = None
    _from: str = ""
    _known: frozenset[str] = frozenset()
    _is_all: bool = False

    def pages(
        self,
        cursor: str | None,
        after: str = "",
    ) -> Iterator[FilePage]:
        """The pages of what is new, none if nothing is; after a file, if a run was interrupted.

        Raises ConfigurationError that names the file and says what to set.
        """
        state = self._state(cursor)
        marks = {"query": ""} if self.table.query else self._marks()
        changed = {url for url, mark in marks.items() if not mark or state.files.get(url) != mark}
        is_gone = self.table.is_whole and bool(set(state.files) - set(marks))
        if not changed and not is_gone:
            return
        if self.table.is_whole:
            changed = set(marks)
            state = State(settings=state.settings, by_file=state.by_file)
        state.files = marks
        due = sorted(changed, key=lambda url: (url not in self._known, url))  # new ones last
        self._is_all = changed == set(marks) >= self._known and not self.table.changed_by
        self._from = self._least(state.greatest) if self.table.changed_by else ""
        numbers, days = self._look(due, state)
        for place, url in enumerate(due):
            if after not in due or place > due.index(after):
                yield from self._file(
                    url,
                    numbers,
                    days,
                    state,
                    is_last=url == due[-1],
                )

    def _state(self, cursor: str | None) -> State:
        """What is remembered, unless it was read by other settings."""
        settings = f"{_FORMAT}{self.table.model_dump_json()}"
        print_of_settings = hashlib.sha256(settings.encode()).hexdigest()[:16]
        try:
            known = msgspec.json.decode(cursor, type=State) if cursor else State()
        except msgspec.DecodeError:
            known = State()
        self._known = frozenset(known.files)
        if known.settings == print_of_settings:
            return known
        by_file = bool(self.table.unique_by_file)
        if known.files and by_file and not (known.by_file or self.table.is_whole):
            self.warnings.append(
                "unique_by_file is new: rows that were loaded before it stay under their old keys,"
                " and count twice; set whole = true as well for one run, then they leave"
            )
        return State(print_of_settings, by_file=by_file)

    def _marks(self) -> dict[str, str]:
        """A mark of each file that moves with its content; empty where the store has none."""
        found: dict[str, str] = {}
        for path in self.table.path:
            try:
                files, place = fsspec.core.url_to_fs(path)
                places = sorted(files.glob(place)) if is_pattern(path) else [place]
                is_local = "file" in files.protocol
                for one in places:
                    url = one if is_local else files.unstrip_protocol(one)
                    found[url] = _mark(files.info(one))
            except OSError as trouble:
                raise ConfigurationError(f"{path}: {trouble.strerror or trouble}") from None
            except (ImportError, ValueError) as wrong:
                raise ConfigurationError(f"{path}: {wrong}") from None
            if not places:
                raise ConfigurationError(f"{path}: no file has such a name")
        return found

    def _look(
        self,
        due: Sequence[str],
        state: State,
    ) -> tuple[dict[str, str], dict[str, str]]:
        """The conventions of the files that are due, with those that were proved before."""
        numbers: Proofs = {name: {mark: "before"} for name, mark in state.numbers.items()}
        days: Proofs = {name: {order: "before"} for name, order in state.days.items()}
        for url in due:
            more_numbers, more_days = proofs_in(
                self._open(url, state),
                self.spec,
                self.table,
            )
            merged(numbers, more_numbers)
            merged(days, more_days)
        name = self._name(due)
        marks = settled(numbers, self.table.mark, "decimal = '.' or ','", name)
        orders = settled(days, self.table.date_order, "date_order = 'dmy' or 'mdy'", name)
        state.numbers, state.days = marks, orders
        return marks, orders

    def _name(self, due: Sequence[str]) -> str:
        first = due[0].rpartition("/")[2] or due[0]
        return first if len(due) == 1 else f"{first} and {len(due) - 1} more"

    def _open(self, url: str, state: State) -> Table:
        if self._opened and self._opened[0] == url:
            return self._opened[1]
        found = table_in(
            self._grids(url, state),
            self.spec,
            self.table,
        )
        self.warnings += [f"{found.grid.name}: {warning}" for warning in found.warnings]
        self._opened = (url, found)
        return found

    def _grids(
        self,
        url: str,
        state: State,
    ) -> list[Grid]:
        if not self.table.query:
            return grids_of(url, self.table)
        values = {"since": self._since(state)} if self.table.changed_by else {}
        return [named("the query", self.query(self.table.query, values))]

    def _file(
        self,
        url: str,
        numbers: Mapping[str, str],
        days: Mapping[str, str],
        state: State,
        *,
        is_last: bool,
    ) -> Iterator[FilePage]:
        found = self._open(url, state)
        facts = msgspec.structs.replace(
            facts_of(found, numbers, days),
            path="" if self.table.query else url,
            keeps_others=self.table.keeps_others,
            is_new=bool(self._known) and url not in self._known,
            is_all=self._is_all,
        )
        rows = list(self._changed(found, facts, state))
        for at in range(0, max(len(rows), 1), _ROWS_OF_PAGE):
            ends = at + _ROWS_OF_PAGE >= len(rows)
            yield FilePage(
                url,
                rows[at : at + _ROWS_OF_PAGE],
                facts if at == 0 else None,
                ends,
                state.as_text() if ends and is_last else None,
            )

    def _changed(
        self,
        found: Table,
        facts: Facts,
        state: State,
    ) -> Iterator[Mapping[str, Cell]]:
        """The rows that may be new by the column of `changed_by`; it moves the greatest value."""
        name = self.table.changed_by
        theirs = sources(self.spec, self.table, found.names).get(name) if name else None
        if theirs is None:
            yield from found.rows
            return
        read = reader_of(name, self.spec, self.table, facts)
        since, greatest = self._from, state.greatest
        for row in found.rows:
            value = read(row.get(theirs))
            if value is None or not since or self._order(value) >= self._order(since):
                yield row
            if value is not None and (not greatest or self._order(value) > self._order(greatest)):
                greatest = str(value)
        state.greatest = greatest

    def _order(
        self,
        value: Json,
    ) -> tuple[Decimal, str]:
        is_number = self.spec.column(self.table.changed_by).kind in _NUMBERS
        return (
            (
                Decimal(str(value)),
                "",
            )
            if is_number
            else (Decimal(0), str(value))
        )

    def _least(self, greatest: str) -> str:
        """The value from which rows are read: a day before the greatest, where it is a time."""
        kind = self.spec.column(self.table.changed_by).kind
        if not greatest or kind not in {"instant", "day"}:
            return greatest
        if kind == "day":
            return (date.fromisoformat(greatest) - _OVERLAP).isoformat()
        return (datetime.fromisoformat(greatest) - _OVERLAP).isoformat()

    def _since(self, state: State) -> object:
        """The value of `:since`; at first the account's start, 0 or an empty text."""
        kind, least = self.spec.column(self.table.changed_by).kind, self._least(state.greatest)
        if kind == "instant":
            return datetime.fromisoformat(least) if least else self.start
        if kind == "day":
            return date.fromisoformat(least) if least else self.start.date()
        if kind in _NUMBERS:
            return (int(least) if kind == "whole" else float(least)) if least else 0
        return least


def _mark(info: Mapping[str, object]) -> str:
    marks = [str(info[name]) for name in _MARKS if info.get(name)]
    return f"{info.get('size')} {' '.join(marks)}" if marks else ""
