"""Step: write the report and the spreadsheet, put the readers' copy in place, move the watermark."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from xlsxwriter.exceptions import XlsxFileError

from tasks.errors import StorageError
from tasks.reporting import planning
from tasks.reporting.content import Plot, Report, Series, Table
from tasks.reporting.files import write_page, write_sheet
from tasks.sqlmodels.catalog import models, table_of
from tasks.sqlmodels.kpis import kpis
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import create
from tasks.warehouse.session import Session
from tasks.warehouse.tables import WATERMARK

_DAYS_SHOWN = 182
_TABLE_KPIS = (
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


def collect(
    session: Session,
    *,
    run_id: str,
    state: str,
    as_of: datetime,
    notes: Sequence[str],
) -> Report:
    """Everything that the report shows, read from the marts."""
    zone, last_day = session.fetch(
        "select time_zone, last_day from ops.reporting_zone where is_main"
    )[0]
    daily = _daily(session, last_day)
    return Report(
        title=f"Support report, {last_day.isoformat()}",
        as_of=f"{as_of:%Y-%m-%d %H:%M} UTC",
        state=state,
        run_id=run_id,
        time_zone=zone,
        headlines=[
            *_headlines(daily, last_day),
            *planning.headlines(session, last_day),
        ],
        notes=tuple(notes),
        plots=[*_plots(daily, last_day), *planning.plots(session, last_day)],
        tables=(
            *_kpi_tables(kpi_table(session, last_day)),
            *planning.tables(session, last_day),
            _target_table(session, last_day),
            _anomaly_table(session, last_day),
            _risk_table(session),
            _quarantine_table(session),
            _definitions(),
        ),
    )


def write(report: Report, folder: str) -> tuple[Path, Path]:
    """Page and spreadsheet of a run, and `latest.html` beside the runs."""
    base = Path(folder)
    page, sheet = base / report.run_id / "report.html", base / report.run_id / "tables.xlsx"
    write_page(report, page)
    try:
        write_sheet(report, sheet)
        latest = base / "latest.html.tmp"
        latest.write_bytes(page.read_bytes())
        os.replace(latest, base / "latest.html")
    except (OSError, XlsxFileError) as trouble:
        raise StorageError(
            f"report {base}: {getattr(trouble, 'strerror', None) or trouble}; check reports.folder"
        ) from None
    return page, sheet


def publish_copy(session: Session, target: str) -> None:
    """A read-only copy of `core`, `marts` and the watermark for BI tools, put in place by rename.

    Readers see one version or the next, and never lock the warehouse. Nothing of `source` is in the
    file.
    """
    if session.dialect != "duckdb" or not target:
        return
    beside = f"{target}.tmp"
    try:
        for leftover in (beside, f"{beside}.wal"):
            if os.path.exists(leftover):
                os.remove(leftover)
        Path(target).absolute().parent.mkdir(parents=True, exist_ok=True)
        readable = [table_of(m) for m in models().values() if m.schema in {"core", "marts"}]
        copy = Warehouse(f"duckdb:///{beside}")
        create(copy, [*readable, WATERMARK])
        copy.dispose()
        literal = beside.replace("'", "''")
        session.execute(f"attach '{literal}' as published")
        for one in (*readable, WATERMARK):
            session.execute(
                f"insert into published.{one.schema}.{one.name} select * from"
                f" {one.schema}.{one.name}"
            )
        session.commit()
        session.execute("detach published")
        os.replace(beside, target)
    except OSError as trouble:
        raise StorageError(f"warehouse.published {target}: {trouble.strerror}") from None


Daily = dict[str, dict[date, tuple[float, float]]]


def _daily(session: Session, last_day: date) -> Daily:
    """KPI to day to (numerator, denominator), all scopes together."""
    found: Daily = {}
    for kpi, day, numerator, denominator in session.fetch(
        "select k.kpi, k.day, sum(k.numerator), sum(k.denominator) from marts.kpi_daily as k join"
        " ops.reporting_zone as z on z.is_main and z.time_zone = k.time_zone where k.day > :since"
        " group by k.kpi, k.day order by 1, 2",
        {"since": last_day - timedelta(days=_DAYS_SHOWN)},
    ):
        found.setdefault(kpi, {})[day] = (float(numerator), float(denominator))
    return found


def _value(name: str, numerator: float, denominator: float) -> float | None:
    if kpis()[name].shape in {"count", "level"}:
        return numerator
    return numerator / denominator if denominator else None


def _over(daily: Daily, name: str, first: date, last: date) -> float | None:
    """A KPI over a span of days: sums of numerators and denominators, divided last; levels at the
    span's end.
    """
    days = daily.get(name, {})
    if kpis()[name].shape.startswith("level"):
        return _value(name, *days.get(last, (0.0, 0.0)))
    picked = [value for day, value in days.items() if first <= day <= last]
    if not picked:
        return None
    return _value(name, sum(n for n, _ in picked), sum(d for _, d in picked))


def _headlines(daily: Daily, last_day: date) -> list[tuple[str, str, str]]:
    week, before = last_day - timedelta(days=6), last_day - timedelta(days=13)
    lines = []
    for name in (
        "tickets_created",
        "tickets_solved",
        "backlog",
        "first_reply_time",
        "full_resolution_time",
        "csat",
        "sla_attainment",
        "reopen_rate",
    ):
        now = _over(daily, name, week, last_day)
        then = _over(daily, name, before, week - timedelta(days=1))
        span = "at the end of the day" if kpis()[name].shape.startswith("level") else "last 7 days"
        lines.append(
            (
                kpis()[name].title,
                format_value(name, now),
                f"{span}; the week before: {format_value(name, then)}",
            )
        )
    return lines


def format_value(name: str, value: float | None) -> str:
    """A KPI's value with its unit, as people read it."""
    if value is None:
        return "no data"
    unit = kpis()[name].unit
    if unit.startswith("share"):
        return f"{value:.1%}"
    if "minutes" in unit:
        return f"{value / 60:,.1f} h" if value >= 90 else f"{value:,.0f} min"
    if unit == "days":
        return f"{value:,.1f} days"
    is_whole = kpis()[name].shape in {"count", "level"} or unit.startswith("points")
    return f"{value:,.0f}" if is_whole else f"{value:,.1f}"


def kpi_table(session: Session, last_day: date) -> Table:
    """Per account, the last 7 and 28 days of every KPI."""
    rows: list[tuple[Any, ...]] = []
    found = session.fetch(
        "select k.account, k.kpi, k.day, sum(k.numerator), sum(k.denominator) from marts.kpi_daily"
        " as k join ops.reporting_zone as z on z.is_main and z.time_zone = k.time_zone where k.day"
        " > :since and k.day <= :last group by k.account, k.kpi, k.day order by 1, 2, 3",
        {"since": last_day - timedelta(days=28), "last": last_day},
    )
    accounts: dict[str, Daily] = {}
    for account, kpi, day, numerator, denominator in found:
        accounts.setdefault(account, {}).setdefault(kpi, {})[day] = (
            float(numerator),
            float(denominator),
        )
    for account, daily in sorted(accounts.items()):
        for name in (n for n in _TABLE_KPIS if n in daily):
            week = _over(daily, name, last_day - timedelta(days=6), last_day)
            month = _over(daily, name, last_day - timedelta(days=27), last_day)
            rows.append(
                (
                    account,
                    kpis()[name].title,
                    format_value(name, week),
                    format_value(name, month),
                    kpis()[name].unit,
                )
            )
    return Table(
        "kpis",
        "KPIs by account",
        "Sums of numerators over sums of denominators; levels are those of the last day.",
        ("Account", "KPI", "Last 7 days", "Last 28 days", "Unit in the warehouse"),
        rows,
    )


def _kpi_tables(listed: Table) -> tuple[Table, Table]:
    """The last 28 days with an account in each column, for the page; the whole list, for the
    spreadsheet.
    """
    accounts = sorted({row[0] for row in listed.rows})
    values = {(row[0], row[1]): row[3] for row in listed.rows}
    units = {row[1]: row[4] for row in listed.rows}
    titles = [kpis()[name].title for name in _TABLE_KPIS if kpis()[name].title in units]
    rows = [
        (title, *(values.get((account, title), "") for account in accounts)) for title in titles
    ]
    beside = Table(
        "kpis_by_account",
        "KPIs by account, last 28 days",
        "Sums of numerators over sums of denominators; levels are those of the last day; an empty"
        " cell: the account's vendor does not tell, or nothing happened. The last 7 days are in the"
        " spreadsheet.",
        ("KPI", *accounts),
        rows,
    )
    return beside, replace(listed, on_page=len(accounts) <= _FEW_ACCOUNTS)


_FEW_ACCOUNTS = 3


def _target_table(session: Session, last_day: date) -> Table:
    found = session.fetch(
        "select t.account, t.team, t.kpi, sum(t.numerator), sum(t.denominator), max(t.target),"
        " sum(case when t.is_met then 1 else 0 end), count(t.is_met) from marts.kpi_target_daily as"
        " t join ops.reporting_zone as z on z.is_main and z.time_zone = t.time_zone where t.day >"
        " :since group by t.account, t.team, t.kpi order by 1, 2, 3",
        {"since": last_day - timedelta(days=28)},
    )
    rows = [
        (
            account,
            team,
            kpis()[kpi].title,
            (
                None
                if kpis()[kpi].shape in {"count", "level", "level_mean"} or not denominator
                else format_value(kpi, numerator / denominator)
            ),
            format_value(kpi, target),
            f"{met} of {days}",
        )
        for account, team, kpi, numerator, denominator, target, met, days in found
    ]
    return Table(
        "targets",
        "KPIs with a target",
        "The last 28 days against the targets of the kpi_targets file.",
        ("Account", "Team", "KPI", "Last 28 days", "Target", "Days on target"),
        rows,
    )


def _anomaly_table(session: Session, last_day: date) -> Table:
    found = session.fetch(
        "select day, account, kpi, value, usual_value, usual_low, usual_high, days_compared from"
        " marts.kpi_anomaly_daily where is_anomaly and day > :since order by day desc,"
        " account, kpi",
        {"since": last_day - timedelta(days=7)},
    )
    rows = [
        (
            day.isoformat(),
            account,
            kpis()[kpi].title,
            format_value(kpi, value),
            format_value(kpi, usual),
            (
                f"{format_value(kpi, _possible(kpi, low))} to"
                f" {format_value(kpi, _possible(kpi, high))}"
            ),
            days,
        )
        for day, account, kpi, value, usual, low, high, days in found
    ]
    return Table(
        "anomalies",
        "Days out of the ordinary",
        "The last 7 days against the same weekdays of the eight weeks before: outside 3.5 robust "
        "standard deviations of their median. Nothing is hidden or corrected.",
        ("Day", "Account", "KPI", "Value", "Usual", "Usual range", "Days compared"),
        rows,
    )


def _possible(kpi: str, value: float) -> float:
    """A bound cut to what the KPI can be: shares lie within 0 and 1, and only points and flows go
    below 0.
    """
    if kpis()[kpi].unit == "share":
        return min(max(value, 0.0), 1.0)
    return value if kpi in {"nps", "net_flow"} else max(value, 0.0)


def _risk_table(session: Session) -> Table:
    rows = session.fetch(
        "select account, team, metric, risk, count(*), min(left_seconds_as_of) / 60.0,"
        " max(breach_age_seconds_as_of) / 60.0 from marts.sla_running group by account, team,"
        " metric, risk order by 1, 2, 3, 4",
    )
    return Table(
        "sla_running",
        "SLA clocks that run now",
        "Breached ones wait for their reply or solution still.",
        (
            "Account",
            "Team",
            "Clock",
            "State",
            "Clocks",
            "Least left, minutes",
            "Most beyond, minutes",
        ),
        [planning.plain(r) for r in rows],
    )


def _quarantine_table(session: Session) -> Table:
    rows = session.fetch(
        "select account, stream, entity, rule, min(reason), count(*) from ops.quarantine where"
        " state = 'open' group by account, stream, entity, rule order by 6 desc, 1, 2, 3, 4",
    )
    return Table(
        "quarantine",
        "Rows set aside",
        "Rows that broke a rule and are in no figure; see `support-etl quarantine list`.",
        ("Account", "Stream", "Entity", "Rule", "For example", "Rows"),
        [planning.plain(r) for r in rows],
    )


def _definitions() -> Table:
    rows = [(k.title, k.description, k.unit, k.attributed_to, k.name) for k in kpis().values()]
    return Table(
        "definitions",
        "What the KPIs mean",
        "From sql/marts/kpi/kpis.yml.",
        ("KPI", "Definition", "Unit", "Counted on", "Name in marts.kpi_daily"),
        rows,
        most_on_page=len(rows),
    )


def _plots(daily: Daily, last_day: date) -> list[Plot]:
    def line(name: str, label: str, *, weekly: bool = False) -> Series:
        days = sorted(daily.get(name, {}))
        if not weekly:
            return Series(label, days, [_value(name, *daily[name][day]) for day in days])
        days = [
            d for d in days if d > last_day - timedelta(days=_DAYS_SHOWN - 6)
        ]  # whole weeks only
        return Series(
            label, days, [_over(daily, name, day - timedelta(days=6), day) for day in days]
        )

    return [
        Plot(
            "Volume",
            "Tickets opened and solved, mean of 7 days",
            "tickets a day",
            [_mean7(line("tickets_created", "opened")), _mean7(line("tickets_solved", "solved"))],
        ),
        Plot(
            "Backlog",
            "Unsolved tickets at the end of each day",
            "tickets",
            [line("backlog", "backlog")],
        ),
        Plot(
            "First reply",
            "Business hours until the first reply, over the last 7 days",
            "hours",
            [_hours(line("first_reply_time", "first reply", weekly=True))],
        ),
        Plot(
            "CSAT and SLA",
            "Shares over the last 7 days",
            "share",
            [
                line("csat", "CSAT", weekly=True),
                line("sla_attainment", "SLA attainment", weekly=True),
            ],
            share=True,
        ),
    ]


def _mean7(series: Series) -> Series:
    known = dict(zip(series.days, series.values, strict=True))
    days = [d for d in series.days if d - timedelta(days=6) >= min(series.days, default=d)]
    means = [sum(known.get(d - timedelta(days=i)) or 0.0 for i in range(7)) / 7 for d in days]
    return Series(series.label, days, means)


def _hours(series: Series) -> Series:
    return Series(series.label, series.days, [None if v is None else v / 60 for v in series.values])
