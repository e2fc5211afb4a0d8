"""The report of a run from what was read: the way in to this room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tasks.reporting import planning
from tasks.reporting.content import Headline, Plot, Report, Table
from tasks.reporting.kpi_overview import kpi_headlines, kpi_plots
from tasks.reporting.kpi_tables import (
    AnomalyRow,
    TargetRow,
    anomaly_table,
    definition_table,
    kpi_table,
    kpi_tables,
    target_table,
)
from tasks.reporting.kpis import AccountKpiDayRow, Definitions, KpiDayRow, by_kpi
from tasks.reporting.layouts import OPERATIONS, PLANNING, Rows, tables_of
from tasks.reporting.slices import SliceRow, slice_tables


@dataclass(frozen=True, slots=True)
class ReportingDayRow:
    """The last complete day, in the main reporting time zone."""

    time_zone: str
    last_day: date


@dataclass(frozen=True, slots=True)
class CurrencyRow:
    """The reporting currency."""

    currency: str


@dataclass(frozen=True, slots=True)
class KpiData:
    """Rows of KPIs."""

    days: Sequence[KpiDayRow]
    account_days: Sequence[AccountKpiDayRow]
    targets: Sequence[TargetRow]
    anomalies: Sequence[AnomalyRow]
    slices: Sequence[SliceRow]


@dataclass(frozen=True, slots=True)
class PlanningData:
    """Rows for the headlines of the future, and columns for its plots."""

    next_week: planning.NextWeekRow | None
    past_error: planning.PastErrorRow | None
    next_staffing: planning.NextStaffingRow | None
    outlook: planning.OutlookRow | None
    opened: planning.Columns
    expected: planning.Columns
    backtests: planning.Columns
    published: planning.Columns
    people: planning.Columns
    money: planning.Columns
    currency: str


@dataclass(frozen=True, slots=True)
class Run:
    """What the report says of its run."""

    run_id: str
    state: str
    as_of: datetime
    notes: tuple[str, ...]


def report_of(
    run: Run,
    today: ReportingDayRow,
    definitions: Definitions,
    kpis: KpiData,
    future: PlanningData,
    rows: Mapping[str, Rows],
    own: Sequence[Table] = (),
) -> Report:
    """Headlines, plots and tables; `rows` are those of the tables that are shown as they are.

    `own` are tables of the company's own.
    """
    last_day, daily = today.last_day, by_kpi(kpis.days)
    listed = kpi_table(definitions, kpis.account_days, last_day)
    return Report(
        title=f"Support report, {last_day.isoformat()}",
        as_of=f"{run.as_of:%Y-%m-%d %H:%M} UTC",
        state=run.state,
        run_id=run.run_id,
        time_zone=today.time_zone,
        headlines=[*kpi_headlines(definitions, daily, last_day), *_headlines(future)],
        notes=run.notes,
        plots=[*kpi_plots(definitions, daily, last_day), *_plots(future)],
        tables=[
            *kpi_tables(definitions, listed),
            *slice_tables(definitions, kpis.slices),
            *tables_of(PLANNING, rows),
            target_table(definitions, kpis.targets),
            anomaly_table(definitions, kpis.anomalies),
            *tables_of(OPERATIONS, rows),
            *own,
            definition_table(definitions),
        ],
    )


def _headlines(future: PlanningData) -> list[Headline]:
    headlines = []
    if future.next_week is not None:
        headlines.append(planning.ticket_headline(future.next_week, future.past_error))
    staffing = future.next_staffing
    if staffing is not None and staffing.needed_fte is not None:
        headlines.append(planning.people_headline(staffing.needed_fte, staffing.planned_fte))
    if future.outlook is not None:
        headlines.append(planning.money_headline(future.outlook))
    return headlines


def _plots(future: PlanningData) -> list[Plot]:
    return [
        planning.expected_plot(future.opened, future.expected),
        planning.backtest_plot(future.backtests, future.published),
        planning.people_plot(future.people),
        planning.money_plot(future.money, future.currency),
    ]
