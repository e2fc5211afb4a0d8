"""KPI figures: values over spans of days, and how people read them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol


class Definition(Protocol):
    """What a KPI's entry says."""

    @property
    def name(self) -> str:
        """Name in the warehouse."""

    @property
    def title(self) -> str:
        """Title for people."""

    @property
    def description(self) -> str:
        """What it measures."""

    @property
    def unit(self) -> str:
        """Unit of its value."""

    @property
    def shape(self) -> str:
        """How numerator and denominator make its value."""

    @property
    def attributed_to(self) -> str:
        """The day it counts on."""

    @property
    def is_own(self) -> bool:
        """Whether it is the company's own, and not shipped."""


Definitions = Mapping[str, Definition]


@dataclass(frozen=True, slots=True)
class KpiDayRow:
    """A KPI's sums of a day, all accounts together: a row of `publish/kpi_days`."""

    kpi: str
    day: date
    numerator: float
    denominator: float


@dataclass(frozen=True, slots=True)
class AccountKpiDayRow:
    """A KPI's sums of a day and account: a row of `publish/account_kpi_days`."""

    account: str
    kpi: str
    day: date
    numerator: float
    denominator: float


class Sums(NamedTuple):
    """What a KPI is divided from."""

    numerator: float
    denominator: float


Days = dict[date, Sums]
Daily = dict[str, Days]  # by KPI


def by_kpi(rows: Iterable[KpiDayRow | AccountKpiDayRow]) -> Daily:
    """Sums by KPI and day."""
    daily: Daily = defaultdict(dict)
    for row in rows:
        daily[row.kpi][row.day] = Sums(row.numerator, row.denominator)
    return dict(daily)


def value_of(kpi: Definition, sums: Sums) -> float | None:
    """The value of a KPI; None where nothing happened."""
    if kpi.shape in {"count", "level"}:
        return sums.numerator
    return sums.numerator / sums.denominator if sums.denominator else None


def value_over(kpi: Definition, days: Days, first: date, last: date) -> float | None:
    """The value over a span of days: sums are divided last; levels are those of the last day."""
    if kpi.shape.startswith("level"):
        return value_of(kpi, days.get(last, Sums(0.0, 0.0)))
    in_span = [sums for day, sums in days.items() if first <= day <= last]
    if not in_span:
        return None
    numerator = sum(sums.numerator for sums in in_span)
    denominator = sum(sums.denominator for sums in in_span)
    return value_of(kpi, Sums(numerator, denominator))


def format_value(kpi: Definition, value: float | None) -> str:
    """A KPI's value with its unit, as people read it."""
    if value is None:
        return "no data"
    if kpi.unit.startswith("share"):
        return f"{value:.1%}"
    if "minutes" in kpi.unit:
        return f"{value / 60:,.1f} h" if value >= 90 else f"{value:,.0f} min"
    if kpi.unit == "days":
        return f"{value:,.1f} days"
    is_whole = kpi.shape in {"count", "level"} or kpi.unit.startswith("points")
    return f"{value:,.0f}" if is_whole else f"{value:,.1f}"


def possible(kpi: Definition, value: float) -> float:
    """A bound cut to what the KPI can be.

    Shares lie within 0 and 1, and only points and flows go below 0.
    """
    if kpi.unit == "share":
        return min(max(value, 0.0), 1.0)
    return value if kpi.name in {"nps", "net_flow"} else max(value, 0.0)
