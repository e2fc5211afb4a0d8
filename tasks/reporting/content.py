"""What a report shows, independent of its form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title, a line of explanation, column heads with units, and rows of plain
    values.

    The page shows its first `most_on_page` rows, or nothing of it (`on_page` false); the
    spreadsheet has all.
    """

    name: str
    title: str
    description: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    on_page: bool = True
    most_on_page: int = 40


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot; `low` and `high` draw a band around it."""

    label: str
    days: Sequence[date]
    values: Sequence[float | None]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    wide_low: Sequence[float] = ()
    wide_high: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its axis's unit."""

    title: str
    description: str
    unit: str
    series: Sequence[Series]
    share: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """One run's report."""

    title: str
    as_of: str
    state: str
    run_id: str
    time_zone: str
    headlines: Sequence[tuple[str, str, str]]
    plots: Sequence[Plot]
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
