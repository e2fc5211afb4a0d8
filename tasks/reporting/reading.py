"""What the report is made from: which reads, over which days."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol, TypeVar

import pyarrow as pa

from tasks.reporting.kpi_overview import DAYS_SHOWN
from tasks.reporting.kpi_tables import AnomalyRow, TargetRow
from tasks.reporting.kpis import AccountKpiDayRow, KpiDayRow
from tasks.reporting.layouts import Rows
from tasks.reporting.planning import (
    Columns,
    NextStaffingRow,
    NextWeekRow,
    OutlookRow,
    PastErrorRow,
)
from tasks.reporting.report import CurrencyRow, KpiData, PlanningData
from tasks.reporting.slices import SliceRow

_PAST_DAYS = 42  # before the forecast, in its plot
_WEEK = timedelta(days=7)
_FOUR_WEEKS = timedelta(days=28)

Row = TypeVar("Row")


class Reads(Protocol):
    """The reads of a warehouse, by their names below `sql/reads`."""

    def rows(self, name: str, row: type[Row], **parameters: object) -> list[Row]:
        """All rows."""

    def one(self, name: str, row: type[Row], **parameters: object) -> Row | None:
        """The only row, if there is one."""

    def columns(self, name: str, **parameters: object) -> pa.Table:
        """All rows, as columns."""


def account_days(ask: Reads, last_day: date) -> list[AccountKpiDayRow]:
    since = last_day - _FOUR_WEEKS
    return ask.rows("publish/account_kpi_days", AccountKpiDayRow, since=since, until=last_day)


def kpi_data(ask: Reads, last_day: date) -> KpiData:
    first, month = last_day - timedelta(days=DAYS_SHOWN), last_day - _FOUR_WEEKS
    return KpiData(
        days=ask.rows("publish/kpi_days", KpiDayRow, since=first),
        account_days=account_days(ask, last_day),
        targets=ask.rows("publish/targets", TargetRow, since=month),
        anomalies=ask.rows("publish/anomalies", AnomalyRow, since=last_day - _WEEK),
        slices=ask.rows("publish/slices", SliceRow, since=month, until=last_day),
    )


def planning_data(ask: Reads, last_day: date) -> PlanningData:
    until, since = last_day + _WEEK, last_day - timedelta(days=_PAST_DAYS)
    currency = ask.one("publish/currency", CurrencyRow)
    return PlanningData(
        next_week=ask.one("publish/next_week", NextWeekRow),
        past_error=ask.one("publish/past_error", PastErrorRow),
        next_staffing=ask.one("publish/next_staffing", NextStaffingRow, until=until),
        outlook=ask.one("publish/outlook", OutlookRow),
        opened=_columns(ask.columns("publish/opened", since=since)),
        expected=_columns(ask.columns("publish/expected")),
        backtests=_columns(ask.columns("publish/backtests")),
        published=_columns(ask.columns("publish/forecasts_published")),
        people=_columns(ask.columns("publish/people_by_day")),
        money=_columns(ask.columns("publish/money_by_month")),
        currency=currency.currency if currency else "",
    )


def shown_rows(ask: Reads, last_day: date) -> dict[str, Rows]:
    """Rows of the tables that the report shows as they are."""
    until = last_day + _WEEK
    eight_weeks = datetime.combine(last_day - 8 * _WEEK, time(), UTC)
    return {
        "staffing": _rows(ask.columns("publish/staffing")),
        "staffing_hours": _rows(ask.columns("publish/staffing_hours", until=until)),
        "roster": _rows(ask.columns("publish/roster", until=until)),
        "headcount": _rows(ask.columns("publish/headcount")),
        "scenarios": _rows(ask.columns("publish/scenarios")),
        "budget_year": _rows(ask.columns("publish/budget_year")),
        "variances": _rows(ask.columns("publish/variances")),
        "budget": _rows(ask.columns("publish/budget", day=last_day)),
        "contacts": _rows(ask.columns("publish/contacts", day=last_day)),
        "forecast": _rows(ask.columns("publish/forecast")),
        "sla_running": _rows(ask.columns("publish/sla_running")),
        "vendor_comparison": _rows(ask.columns("publish/vendor_comparison", since=eight_weeks)),
        "quarantine": _rows(ask.columns("publish/quarantine")),
    }


def _columns(table: pa.Table) -> Columns:
    columns: Columns = table.to_pydict()
    return columns


def _rows(table: pa.Table) -> Rows:
    return list(zip(*table.to_pydict().values(), strict=True))
