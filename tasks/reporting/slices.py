"""KPIs by the fields that the accounts' settings choose: a card of the page for each field."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from tasks.reporting.content import Cell, Table
from tasks.reporting.kpis import Definitions, Sums, format_value, value_of

_LISTED = (
    "tickets_created",
    "tickets_solved",
    "first_reply_time",
    "answered_within_8_hours",
    "full_resolution_time",
    "reopen_rate",
    "csat",
)
_MOST_ON_PAGE = 12
_LONGEST = 28  # the name of a sheet has at most 31 characters
_LAST = ("other values", "none")  # below the values that stand for themselves


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A KPI's sums by a value of a field: a row of `publish/slices`."""

    slice: str
    slice_value: str
    kpi: str
    is_many: int
    numerator: float
    denominator: float


def slice_tables(definitions: Definitions, rows: Sequence[SliceRow]) -> Iterator[Table]:
    """A table for each field, the values with most new tickets first; `rows` are in its order."""
    for number, (name, listed) in enumerate(groupby(rows, key=attrgetter("slice")), start=1):
        sheet = f"by_{name}" if len(name) <= _LONGEST else f"by_{name[: _LONGEST - 4]}_{number}"
        yield _table(definitions, sheet, name, list(listed))


def _table(definitions: Definitions, sheet: str, name: str, rows: Sequence[SliceRow]) -> Table:
    by_value: dict[str, dict[str, Sums]] = defaultdict(dict)
    for row in rows:
        by_value[row.slice_value][row.kpi] = Sums(row.numerator, row.denominator)
    kpis = [kpi for kpi in _LISTED if kpi in definitions]
    cells = [(value, *_cells(definitions, kpis, by_value[value])) for value in _in_order(by_value)]
    words = name.replace("_", " ")
    return Table(
        sheet,
        f"By {words}, last 28 days",
        _description(rows),
        (words.capitalize(), *(definitions[kpi].title for kpi in kpis)),
        cells,
        most_on_page=_MOST_ON_PAGE,
        source="marts.kpi_slice_daily",
    )


def _description(rows: Iterable[SliceRow]) -> str:
    if any(row.is_many for row in rows):
        return (
            "A ticket counts under each of its values, so the rows do not add up to the total."
            " All accounts that chose the field."
        )
    return "Each ticket counts under the value that it has now. All accounts that chose the field."


def _in_order(by_value: Mapping[str, Mapping[str, Sums]]) -> list[str]:
    nothing = Sums(0.0, 0.0)

    def place(value: str) -> tuple[int, float, str]:
        last = _LAST.index(value) + 1 if value in _LAST else 0
        return last, -by_value[value].get("tickets_created", nothing).numerator, value

    return sorted(by_value, key=place)


def _cells(
    definitions: Definitions, kpis: Iterable[str], sums: Mapping[str, Sums]
) -> Iterator[Cell]:
    for name in kpis:
        kpi = definitions[name]
        value = value_of(kpi, sums[name]) if name in sums else None
        is_count = kpi.shape == "count"
        yield format_value(kpi, 0.0 if value is None and is_count else value)
