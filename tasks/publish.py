"""Step: write the report and the spreadsheet, and put the readers' copy in place."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from tasks.reporting.content import Report, Table
from tasks.reporting.files import write_report
from tasks.reporting.kpi_overview import DAYS_SHOWN
from tasks.reporting.kpi_tables import AnomalyRow, TargetRow
from tasks.reporting.kpi_tables import kpi_table as table_of_kpis
from tasks.reporting.kpis import AccountKpiDayRow, KpiDayRow
from tasks.reporting.layouts import Rows
from tasks.reporting.planning import (
    Columns,
    NextStaffingRow,
    NextWeekRow,
    OutlookRow,
    PastErrorRow,
)
from tasks.reporting.report import (
    CurrencyRow,
    KpiData,
    PlanningData,
    ReportingDayRow,
    Run,
    report_of,
)
from tasks.sqlmodels.catalog import models, table_of
from tasks.sqlmodels.kpis import kpis
from tasks.sqlmodels.reads import read, read_arrow, read_one
from tasks.warehouse.copying import copy_for_readers
from tasks.warehouse.session import Session

_PAST_DAYS = 42  # before the forecast, in its plot
_WEEK = timedelta(days=7)
_FOUR_WEEKS = timedelta(days=28)


def collect(
    session: Session, *, run_id: str, state: str, as_of: datetime, notes: Sequence[str]
) -> Report:
    """The report of a run, from the marts."""
    run = Run(run_id, state, as_of, tuple(notes))
    today = read(session, "publish/reporting_day", ReportingDayRow)[0]
    kpi_data = _read_kpis(session, today.last_day)
    future = _read_planning(session, today.last_day)
    rows = _read_rows(session, today.last_day)
    return report_of(run, today, kpis(), kpi_data, future, rows)


def write(report: Report, folder: str) -> tuple[Path, Path]:
    """Write page and spreadsheet of a run. Raises StorageError."""
    return write_report(report, Path(folder))


def publish_copy(session: Session, target: str) -> None:
    """Put a read-only copy of `core`, `marts` and the watermark in place for BI tools.

    Nothing of `source` is in the file. Raises StorageError.
    """
    if session.dialect == "duckdb" and target:
        readable = [model for model in models().values() if model.schema in {"core", "marts"}]
        copy_for_readers(session, [table_of(model) for model in readable], target)


def kpi_table(session: Session, last_day: date) -> Table:
    """The last 7 and 28 days of every KPI by account."""
    return table_of_kpis(kpis(), _read_account_days(session, last_day), last_day)


def _read_account_days(session: Session, last_day: date) -> list[AccountKpiDayRow]:
    since = last_day - _FOUR_WEEKS
    return read(session, "publish/account_kpi_days", AccountKpiDayRow, since=since, until=last_day)


def _read_kpis(session: Session, last_day: date) -> KpiData:
    first, month = last_day - timedelta(days=DAYS_SHOWN), last_day - _FOUR_WEEKS
    return KpiData(
        days=read(session, "publish/kpi_days", KpiDayRow, since=first),
        account_days=_read_account_days(session, last_day),
        targets=read(session, "publish/targets", TargetRow, since=month),
        anomalies=read(session, "publish/anomalies", AnomalyRow, since=last_day - _WEEK),
    )


def _read_planning(session: Session, last_day: date) -> PlanningData:
    until, since = last_day + _WEEK, last_day - timedelta(days=_PAST_DAYS)
    currency = read_one(session, "publish/currency", CurrencyRow)
    return PlanningData(
        next_week=read_one(session, "publish/next_week", NextWeekRow),
        past_error=read_one(session, "publish/past_error", PastErrorRow),
        next_staffing=read_one(session, "publish/next_staffing", NextStaffingRow, until=until),
        outlook=read_one(session, "publish/outlook", OutlookRow),
        opened=_columns(read_arrow(session, "publish/opened", since=since)),
        expected=_columns(read_arrow(session, "publish/expected")),
        backtests=_columns(read_arrow(session, "publish/backtests")),
        published=_columns(read_arrow(session, "publish/forecasts_published")),
        people=_columns(read_arrow(session, "publish/people_by_day")),
        money=_columns(read_arrow(session, "publish/money_by_month")),
        currency=currency.currency if currency else "",
    )


def _read_rows(session: Session, last_day: date) -> dict[str, Rows]:
    """Rows of the tables that the report shows as they are."""
    until = last_day + _WEEK
    return {
        "staffing": _rows(read_arrow(session, "publish/staffing")),
        "staffing_hours": _rows(read_arrow(session, "publish/staffing_hours", until=until)),
        "roster": _rows(read_arrow(session, "publish/roster", until=until)),
        "headcount": _rows(read_arrow(session, "publish/headcount")),
        "scenarios": _rows(read_arrow(session, "publish/scenarios")),
        "budget_year": _rows(read_arrow(session, "publish/budget_year")),
        "variances": _rows(read_arrow(session, "publish/variances")),
        "budget": _rows(read_arrow(session, "publish/budget", day=last_day)),
        "contacts": _rows(read_arrow(session, "publish/contacts", day=last_day)),
        "forecast": _rows(read_arrow(session, "publish/forecast")),
        "sla_running": _rows(read_arrow(session, "publish/sla_running")),
        "quarantine": _rows(read_arrow(session, "publish/quarantine")),
    }


def _columns(table: pa.Table) -> Columns:
    columns: Columns = table.to_pydict()
    return columns


def _rows(table: pa.Table) -> Rows:
    return list(zip(*table.to_pydict().values(), strict=True))
