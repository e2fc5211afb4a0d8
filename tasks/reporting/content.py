"""Content of a report, independent of its form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

Cell = str | int | float | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: title, a line of explanation, column headings with units, rows of plain values.

    The page shows its first `most_on_page` rows, or nothing of it (`on_page` false); the
    spreadsheet has all. `source` names where the figures are from.
    """

    name: str
    title: str
    description: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    on_page: bool = True
    most_on_page: int = 40
    source: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot, with a band from `low` to `high` and one from `wide_low` to `wide_high`."""

    label: str
    days: Sequence[date]
    values: Sequence[float | None]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    wide_low: Sequence[float] = ()
    wide_high: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its axis's unit; `source` names where the figures are from."""

    title: str
    description: str
    unit: str
    series: Sequence[Series]
    share: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure at the top of the page."""

    title: str
    value: str
    description: str


@dataclass(frozen=True, slots=True)
class Report:
    """The report of one run."""

    title: str
    as_of: str
    state: str
    run_id: str
    time_zone: str
    headlines: Sequence[Headline]
    plots: Sequence[Plot]
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
