"""Tables of KPIs: by account, against targets, unusual days, and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter

from tasks.reporting.content import Table
from tasks.reporting.kpis import (
    AccountKpiDayRow,
    Definitions,
    by_kpi,
    format_value,
    possible,
    value_over,
)

_FEW_ACCOUNTS = 3  # with more, the page has the accounts side by side only
_LISTED = (
    "tickets_created",
    "tickets_solved",
    "backlog",
    "backlog_age",
    "first_reply_time",
    "first_reply_time_calendar",
    "next_reply_time",
    "full_resolution_time",
    "requester_wait_time",
    "first_contact_resolution_rate",
    "one_touch_rate",
    "reopen_rate",
    "escalation_rate",
    "csat",
    "survey_response_rate",
    "sla_attainment",
    "nps",
    "ces",
    "qa_score",
    "handle_time",
)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A KPI with a target, over the last weeks."""

    account: str
    team: str | None
    kpi: str
    numerator: float
    denominator: float
    target: float | None
    days_met: int
    days_known: int


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """An unusual day of a KPI."""

    day: date
    account: str
    kpi: str
    value: float
    usual_value: float
    usual_low: float
    usual_high: float
    days_compared: int
    cases_count: float
    usual_cases_count: float


def kpi_table(definitions: Definitions, rows: Sequence[AccountKpiDayRow], last_day: date) -> Table:
    """The last 7 and 28 days of every KPI by account; `rows` are in order of the account."""
    week, month = last_day - timedelta(days=6), last_day - timedelta(days=27)
    cells = []
    for account, days in groupby(rows, key=attrgetter("account")):
        daily = by_kpi(days)
        for name in (name for name in _listed(definitions) if name in daily):
            kpi = definitions[name]
            last_7 = value_over(kpi, daily[name], week, last_day)
            last_28 = value_over(kpi, daily[name], month, last_day)
            values = format_value(kpi, last_7), format_value(kpi, last_28)
            cells.append((account, kpi.title, *values, kpi.unit))
    return Table(
        "kpis",
        "KPIs by account",
        "Over the last 7 and 28 days; what is counted at a moment, such as the backlog, is that of"
        " the last day.",
        ("Account", "KPI", "Last 7 days", "Last 28 days", "Unit in the warehouse"),
        cells,
        source="marts.kpi_daily",
    )


def _listed(definitions: Definitions) -> tuple[str, ...]:
    """The KPIs of the report's tables: the usual ones, then all of the company's own."""
    return (*_LISTED, *(name for name, kpi in definitions.items() if kpi.is_own))


def kpi_tables(definitions: Definitions, listed: Table) -> tuple[Table, Table]:
    """The last 28 days with a column for each account, for the page; the list, for the sheet."""
    accounts = sorted({str(row[0]) for row in listed.rows})
    values = {(row[0], row[1]): row[3] for row in listed.rows}
    known = {row[1] for row in listed.rows}
    named = [definitions[name].title for name in _listed(definitions)]
    titles = [title for title in named if title in known]
    by_account = Table(
        "kpis_by_account",
        "KPIs by account, last 28 days",
        "What is counted at a moment, such as the backlog, is that of the last day. A cell is empty"
        " where the account's vendor does not report it, or nothing happened. The last 7 days are"
        " in the spreadsheet.",
        ("KPI", *accounts),
        [(title, *(values.get((account, title), "") for account in accounts)) for title in titles],
        source=listed.source,
    )
    return by_account, replace(listed, on_page=len(accounts) <= _FEW_ACCOUNTS)


def target_table(definitions: Definitions, rows: Sequence[TargetRow]) -> Table:
    """KPIs against their targets."""
    return Table(
        "targets",
        "KPIs with a target",
        "The last 28 days against the targets of the kpi_targets file.",
        ("Account", "Team", "KPI", "Last 28 days", "Target", "Days on target"),
        [
            (
                row.account,
                row.team,
                definitions[row.kpi].title,
                _mean(definitions, row),
                format_value(definitions[row.kpi], row.target),
                f"{row.days_met} of {row.days_known}",
            )
            for row in rows
            if row.kpi in definitions
        ],
        source="marts.kpi_target_daily",
    )


def _mean(definitions: Definitions, row: TargetRow) -> str | None:
    """The value over the days; None for counts and levels, which have no mean."""
    kpi = definitions[row.kpi]
    if kpi.shape in {"count", "level", "level_mean"} or not row.denominator:
        return None
    return format_value(kpi, row.numerator / row.denominator)


def anomaly_table(definitions: Definitions, rows: Sequence[AnomalyRow]) -> Table:
    """Unusual days, the latest first; without KPIs that are defined no longer."""
    cells = []
    for row in (each for each in rows if each.kpi in definitions):
        kpi = definitions[row.kpi]
        low, high = possible(kpi, row.usual_low), possible(kpi, row.usual_high)
        cells.append(
            (
                row.day.isoformat(),
                row.account,
                kpi.title,
                format_value(kpi, row.value),
                format_value(kpi, row.usual_value),
                f"{format_value(kpi, low)} to {format_value(kpi, high)}",
                f"{row.cases_count:,.0f} (usual {row.usual_cases_count:,.0f})",
                row.days_compared,
            )
        )
    return Table(
        "anomalies",
        "Days out of the ordinary",
        "The last 7 days next to the same weekdays of the eight weeks before. A day is listed when"
        " it is far outside what these weeks were like and has enough cases to say so. Nothing is"
        " hidden or corrected.",
        ("Day", "Account", "KPI", "Value", "Usual", "Usual range", "Cases", "Days compared"),
        cells,
        source="marts.kpi_anomaly_daily",
    )


def definition_table(definitions: Definitions) -> Table:
    """What every KPI means."""
    rows = [
        (kpi.title, kpi.description, kpi.unit, kpi.attributed_to, kpi.name)
        for kpi in definitions.values()
    ]
    return Table(
        "definitions",
        "What the KPIs mean",
        "The definition of every KPI, its unit, and the day it counts on.",
        ("KPI", "Definition", "Unit", "Counted on", "Name in the warehouse"),
        rows,
        most_on_page=len(rows),
        source="marts.kpi_daily, defined in sql/marts/kpi/kpis.yml",
    )
