"""Recognises the table in a file: its header, its months, and how its numbers and days are written.

Title rows, cover sheets and any delimiter are passed over; a file that has not the needed columns
is refused, with what it has instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from tasks.errors import ConfigurationError
from tasks.tabular.days import day_proofs_of, first_of_month, has_offset, instant_of, month_of
from tasks.tabular.declared import TableSettings
from tasks.tabular.numbers import proofs_of
from tasks.tabular.opening import Cell, Grid
from tasks.tabular.spec import Facts, TableSpec, plain_name

_HEADER_WITHIN = 50  # rows
_MOST_NAMES = 25
_NEAR = 0.8
_NUMBERS = frozenset({"whole", "number", "money"})
_DAYS = frozenset({"day", "instant"})
BEYOND = "(beyond the last column)"

Proofs = dict[str, dict[str, str]]  # by column, what its texts prove, each with an example


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a grid: the row of its header, its columns, and the columns that are months."""

    grid: Grid
    header_row: int
    names: Sequence[str]
    months: Mapping[str, str]
    months_are: str
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> Iterator[dict[str, Cell]]:
        """The rows below the header, by the names of the file."""
        count = len(self.names)
        for cells in self.grid.rows[self.header_row + 1 :]:
            row = {name: cell for name, cell in zip(self.names, cells, strict=False) if name}
            beyond = [str(cell) for cell in cells[count:] if cell is not None and cell != ""]
            if beyond:
                row[BEYOND] = " ".join(beyond)
            yield row

    def texts(self, name: str) -> list[str]:
        """The cells of a column that are texts."""
        place = self.names.index(name)
        rows = self.grid.rows[self.header_row + 1 :]
        cells = (row[place] for row in rows if place < len(row))
        return [cell for cell in cells if isinstance(cell, str) and cell.strip()]


@dataclass(frozen=True, slots=True)
class _Header:
    row: int
    names: list[str]
    months: dict[str, str]
    filled: dict[str, str]
    missing: list[str] = field(default_factory=list)


def sources(
    spec: TableSpec,
    table: TableSettings,
    names: Iterable[str],
) -> dict[str, str]:
    """The file's column of each of ours that it has."""
    present = set(names)
    wanted = {
        column.name: plain_name(table.columns.get(column.name, column.name))
        for column in spec.columns
    }
    return {ours: theirs for ours, theirs in wanted.items() if theirs in present}


def table_in(
    grids: Sequence[Grid],
    spec: TableSpec,
    table: TableSettings,
) -> Table:
    """The table in one of the grids.

    Raises ConfigurationError: none has it, or several have, or a column is misspelt.
    """
    found: list[tuple[Grid, _Header]] = []
    nearest: list[tuple[Grid, _Header]] = []
    for grid in grids:
        headers = list(_headers(grid, spec, table))
        whole = next((header for header in headers if not header.missing), None)
        if whole:
            found.append((grid, whole))
        elif headers:
            nearest.append((grid, max(headers, key=_fit)))
    if not found:
        raise ConfigurationError(_not_there(grids, nearest, spec, table))
    best = max(len(header.filled) for _, header in found)
    found = [(grid, header) for grid, header in found if len(header.filled) == best]
    if len(found) > 1 and len({grid.name for grid, _ in found}) > 1:
        places = " and ".join(grid.name for grid, _ in found)
        raise ConfigurationError(f"the table is in {places}; set sheet to one of them")
    return _checked(*found[0], spec, table)


def _fit(header: _Header) -> tuple[int, int]:
    return len(header.filled), len([name for name in header.names if name])


def _headers(
    grid: Grid,
    spec: TableSpec,
    table: TableSettings,
) -> Iterator[_Header]:
    """Every row that may be the header."""
    last = 1 if grid.is_named else _HEADER_WITHIN
    for number, cells in enumerate(grid.rows[:last]):
        names = [plain_name(cell) for cell in cells]
        filled = sources(spec, table, names)
        months = _months(cells, names, spec, filled)
        given = {*filled, *table.constants}
        months_are = table.months_are or spec.months
        if months:  # what they hold is asked for later, where nothing says it
            held = [months_are] if months_are else [one for group in spec.one_of for one in group]
            given |= {"month_on", *held}
        missing = sorted(spec.needed - given)
        missing += [ours for ours in table.columns if ours not in filled]
        missing += [" or ".join(group) for group in spec.one_of if not given & set(group)]
        yield _Header(
            number,
            names,
            months,
            filled,
            list(dict.fromkeys(missing)),
        )


def _months(
    cells: Sequence[Cell], names: Sequence[str], spec: TableSpec, filled: Mapping[str, str]
) -> dict[str, str]:
    if "month_on" not in spec.entity.names or "month_on" in filled:
        return {}
    found = {}
    for cell, name in zip(cells, names, strict=True):
        month = (month_of(cell) or first_of_month(cell)) if isinstance(cell, str) else None
        if month:
            found[name] = month.isoformat()
    return found


def _checked(
    grid: Grid,
    header: _Header,
    spec: TableSpec,
    table: TableSettings,
) -> Table:
    used = {*header.filled.values(), *header.months}
    twice = sorted(name for name in used if header.names.count(name) > 1)
    if twice:
        raise ConfigurationError(f"{grid.name}: two columns are called {twice[0]}")
    if header.months and len(set(header.months.values())) < len(header.months):
        raise ConfigurationError(f"{grid.name}: two columns are the same month")
    months_are = table.months_are or spec.months
    if header.months and not months_are:
        kinds = [column.name for column in spec.columns if column.kind in _NUMBERS]
        raise ConfigurationError(
            f"{grid.name}: one column a month ({min(header.months)}, ...); set months_are to what"
            f" they hold: {', '.join(kinds)}"
        )
    ignored = {plain_name(name) for name in table.ignore}
    unknown = [name for name in header.names if name and name not in used | ignored]
    free = {c.name for c in spec.columns} - set(header.filled) - set(table.constants)
    misspelt = {name: near for name in unknown if (near := _nearest(name, free))}
    if misspelt and not table.columns:
        (name, near), *_ = misspelt.items()
        raise ConfigurationError(
            f"{grid.name}: column {name} is not known; if it is {near}, set columns ="
            f' {{ {near} = "{name}" }}, else ignore = ["{name}"]'
        )
    warnings = (f"columns that are not read: {', '.join(unknown)}",) if unknown else ()
    return Table(
        grid,
        header.row,
        header.names,
        header.months,
        months_are,
        warnings,
    )


def _nearest(
    name: str,
    columns: Iterable[str],
) -> str:
    return next(
        iter(get_close_matches(name, sorted(columns), n=1, cutoff=_NEAR)),
        "",
    )


def _not_there(
    grids: Sequence[Grid],
    nearest: Sequence[tuple[Grid, _Header]],
    spec: TableSpec,
    table: TableSettings,
) -> str:
    """What was expected and what was found."""
    if not nearest:
        return f"{grids[0].name}: it has no rows; expected {', '.join(sorted(spec.needed))}"
    grid, header = max(
        nearest,
        key=lambda one: _fit(one[1]),
    )
    names = [name for name in header.names if name]
    hints = []
    for ours in header.missing:
        wanted = plain_name(table.columns.get(ours, ours))
        near = next(
            iter(get_close_matches(wanted, names, n=1, cutoff=0.6)),
            "",
        )
        if near:
            hints.append(f'{ours} = "{near}"')
    wanted_of = {ours: theirs for ours, theirs in table.columns.items() if ours in header.missing}
    missing = [
        f"{ours} ({wanted_of[ours]!r})" if ours in wanted_of else ours for ours in header.missing
    ]
    return (
        f"{grid.name}: no column {', '.join(missing)}; found: {', '.join(names[:_MOST_NAMES])}"
        + (f"; is it columns = {{ {', '.join(hints)} }}?" if hints else "")
        + '; our columns may be named by columns = { ours = "the file\'s" }'
    )


def proofs_in(
    found: Table,
    spec: TableSpec,
    table: TableSettings,
) -> tuple[Proofs, Proofs]:
    """What the texts of a table prove of its numbers and of its days, by column.

    Raises ConfigurationError for instants of which nobody says the time zone.
    """
    numbers: Proofs = {name: proofs_of(found.texts(name)) for name in found.months}
    days: Proofs = {}
    for ours, theirs in sources(spec, table, found.names).items():
        kind = spec.column(ours).kind
        if kind in _NUMBERS:
            numbers[theirs] = proofs_of(found.texts(theirs))
        if kind in _DAYS and not table.date_format:
            days[theirs] = day_proofs_of(found.texts(theirs))
        if kind == "instant" and not table.time_zone:
            _refuse_without_zone(found, theirs, table)
    return numbers, days


def _refuse_without_zone(
    found: Table,
    name: str,
    table: TableSettings,
) -> None:
    if table.date_format.startswith("unix") or "%z" in table.date_format:
        return
    for text in found.texts(name):
        is_read = instant_of(
            text,
            "dmy",
            "UTC",
        ) or instant_of(text, "mdy", "UTC")
        if table.date_format or (is_read and not has_offset(text)):
            raise ConfigurationError(
                f"{found.grid.name}: column {name} has no time zone ({text[:30]}); set time_zone,"
                " such as Europe/Rome"
            )


def settled(
    proofs: Proofs,
    given: str,
    setting: str,
    name: str,
) -> dict[str, str]:
    """The convention of each column.

    A column that proves none takes the one of the others. Raises ConfigurationError for two in one
    column, and where nothing decides; it says what to set.
    """
    if given:
        return dict.fromkeys(proofs, given)
    all_proofs = {proof for column in proofs.values() for proof in column if proof != "?"}
    found: dict[str, str] = {}
    for column, proved in proofs.items():
        sure = [proof for proof in proved if proof != "?"]
        if len(sure) > 1:
            one, other = (proved[proof] for proof in sure[:2])
            raise ConfigurationError(
                f"{name}: column {column} has {one!r} and {other!r}, which are written in two ways;"
                f" correct one, or set {setting} and the other kind is set aside"
            )
        if not sure and "?" in proved:
            if len(all_proofs) != 1:
                raise ConfigurationError(
                    f"{name}: column {column} has {proved['?']!r}, which can be read in two ways,"
                    f" and nothing in the file decides; set {setting}"
                )
            sure = list(all_proofs)
        if sure:
            found[column] = sure[0]
    return found


def merged(into: Proofs, more: Proofs) -> None:
    """Add the proofs of another file of the set."""
    for column, proved in more.items():
        for proof, text in proved.items():
            into.setdefault(column, {}).setdefault(proof, text)
        into.setdefault(column, {})


def facts_of(
    found: Table,
    numbers: Mapping[str, str],
    days: Mapping[str, str],
) -> Facts:
    """What is landed of a table with its rows."""
    names = [name for name in found.names if name]
    return Facts(
        found.grid.name,
        names,
        dict(found.months),
        found.months_are if found.months else "",
        {name: mark for name, mark in numbers.items() if name in names},
        {name: order for name, order in days.items() if name in names},
    )
