"""What the report shows of the future: headlines and plots of tickets, people and money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tasks.reporting.content import Headline, Plot, Series

Columns = Mapping[str, Sequence[Any]]  # by name: a day, a number or None in each row


@dataclass(frozen=True, slots=True)
class NextWeekRow:
    """Tickets expected in the next seven days."""

    expected_tickets: float
    low_80: float
    high_80: float


@dataclass(frozen=True, slots=True)
class PastErrorRow:
    """Absolute errors of past forecasts, and the tickets that they were for."""

    absolute_error: float | None
    tickets: float | None


@dataclass(frozen=True, slots=True)
class NextStaffingRow:
    """Full-time agents of the next seven days."""

    needed_fte: float | None
    planned_fte: float | None


@dataclass(frozen=True, slots=True)
class OutlookRow:
    """Cost of the fiscal year."""

    fiscal_year: int
    outlook: Decimal | None
    plan: Decimal | None
    currency: str
    plan_lines_without_rate: int
    costs_without_rate: int

    @property
    def gap(self) -> str:
        """What the sums lack for want of an exchange rate; empty if nothing."""
        counts = {"plan lines": self.plan_lines_without_rate, "costs": self.costs_without_rate}
        missing = [f"{count} {what}" for what, count in counts.items() if count]
        return f"incomplete: {' and '.join(missing)} without exchange rate" if missing else ""


def ticket_headline(week: NextWeekRow, past: PastErrorRow | None) -> Headline:
    """Tickets expected, and how far past forecasts were off."""
    if past is not None and past.tickets and past.absolute_error is not None:
        quality = f"past error by team and day {past.absolute_error / past.tickets:.0%}"
    else:
        quality = "not tested yet"
    span = f"with 80 % certainty {week.low_80:,.0f} to {week.high_80:,.0f}"
    return Headline(
        "Tickets expected", f"{week.expected_tickets:,.0f}", f"next 7 days; {span}; {quality}"
    )


def people_headline(needed_fte: float, planned_fte: float | None) -> Headline:
    """People needed."""
    planned = "no plan given" if planned_fte is None else f"planned {planned_fte:,.1f}"
    return Headline(
        "Agents needed, FTE", f"{needed_fte:,.1f}", f"next 7 days, on five days a week; {planned}"
    )


def money_headline(year: OutlookRow) -> Headline:
    """Where the fiscal year ends."""
    title = f"Outlook {year.fiscal_year}"
    if year.outlook is None or year.plan is None:
        return Headline(title, "not known", year.gap)
    compared = f"plan {year.plan:,.0f}; {year.outlook - year.plan:+,.0f}"
    amount = f"{year.outlook:,.0f} {year.currency}"
    return Headline(title, amount, "; ".join(part for part in (compared, year.gap) if part))


def expected_plot(opened: Columns, expected: Columns) -> Plot:
    """Tickets opened and expected."""
    return Plot(
        "Tickets to come",
        "Tickets a day, all teams; four days of five are in the dark band, nineteen of twenty in"
        " the light one",
        "tickets a day",
        [
            Series("opened", opened["day"], opened["tickets"]),
            Series(
                "expected",
                expected["day"],
                expected["expected_tickets"],
                low=expected["low_80"],
                high=expected["high_80"],
                wide_low=expected["low_95"],
                wide_high=expected["high_95"],
            ),
        ],
        source="marts.forecast_total_daily",
    )


def backtest_plot(backtests: Columns, published: Columns) -> Plot:
    """Past forecasts next to the actual tickets."""
    series = [
        Series("actual", backtests["day"], backtests["actual_tickets"]),
        Series("forecast", backtests["day"], backtests["expected_tickets"]),
    ]
    if published["day"]:
        days, expected = published["day"], published["expected_tickets"]
        series.append(Series("published a week before", days, expected))
    return Plot(
        "How good the forecast was",
        "Actual tickets a day, next to today's way of forecasting on what was known one to seven"
        " days before, and to the forecast published a week before",
        "tickets a day",
        series,
        source="marts.forecast_accuracy_daily, ops.forecast_published",
    )


def people_plot(people: Columns) -> Plot:
    """People needed and planned."""
    return Plot(
        "How many people",
        (
            "Full-time agents by work day: to answer customers in time, for the work alone, and"
            " planned"
        ),
        "FTE",
        [
            Series("needed", people["day"], people["needed_fte"]),
            Series("work alone", people["day"], people["work_fte"]),
            Series("planned", people["day"], people["planned_fte"]),
        ],
        source="marts.staffing_forecast",
    )


def money_plot(money: Columns, currency: str) -> Plot:
    """Money planned and spent."""
    return Plot(
        "What it costs",
        "By month, the one in progress up to the last day",
        currency,
        [
            Series("planned", money["month_on"], _floats(money["plan"])),
            Series("spent", money["month_on"], _floats(money["actual"])),
        ],
        source="marts.budget_variance_monthly",
    )


def _floats(cells: Sequence[Decimal]) -> list[float]:
    return [float(cell) for cell in cells]
