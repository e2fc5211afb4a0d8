"""Step: write the forecast of volume and other work, and how good it was."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from tasks.forecasting.history import (
    ArrivalRow,
    ChannelRow,
    History,
    HolidayRow,
    ReportingDayRow,
    Sources,
    SpecialDayRow,
    VolumeRow,
    WorkRow,
    history_of,
)
from tasks.forecasting.tables import forecast_tables
from tasks.settings import PlanningSettings
from tasks.sqlmodels.materialization import Materialized, build_of, write_tables
from tasks.warehouse import runlog
from tasks.warehouse.session import Session

Row = TypeVar("Row")


def build_forecast(
    session: Session,
    planning: PlanningSettings,
    run_id: str,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Materialized]:
    """Every forecast table, if history, calendar or settings changed.

    `progress` gets a line after each part of a long forecast.
    """
    settings = {
        "models": planning.models,
        "horizon": planning.horizon_days,
        "minutes": planning.interval_minutes,
        "days": planning.interval_days,
    }
    build = build_of(session, "forecast", settings)
    if build.is_current:
        return build.unchanged
    history = _read_history(session, planning.horizon_days)
    tables = forecast_tables(history, planning, progress)
    written = write_tables(session, build, tables, run_id)
    if any(table.changed for table in written):
        runlog.tell_forecast(session, run_id)
    return written


def _read_history(session: Session, horizon: int) -> History:
    def read(
        row: type[Row], statement: str, values: Mapping[str, object] | None = None
    ) -> list[Row]:
        return [row(*cells) for cells in session.fetch(statement, values)]

    reporting_day = read(ReportingDayRow, _REPORTING_DAY)[0]
    span = {"since": reporting_day.arrivals_since, "until": reporting_day.arrivals_until}
    sources = Sources(
        reporting_day=reporting_day,
        volume=read(VolumeRow, _VOLUME),
        holidays=read(HolidayRow, _HOLIDAYS),
        special_days=read(SpecialDayRow, _SPECIAL_DAYS),
        work=read(WorkRow, _WORK),
        channels=read(ChannelRow, _CHANNELS),
        arrivals=read(ArrivalRow, _ARRIVALS, span),
    )
    return history_of(sources, horizon)


_REPORTING_DAY = "select time_zone, last_day from ops.reporting_zone where is_main"

_VOLUME = "select account, team_id, team, day, created_count from marts.ticket_volume_daily"

_HOLIDAYS = "select account, day from core.dim_special_day"

_SPECIAL_DAYS = """
select team, day_on, kind
from source.special_day
order by account, team, day_on"""

# numerators of KPIs, and calls
_WORK = """
select k.account, k.team_id,
    case k.kpi
        when 'replies_per_ticket' then 'replies'
        when 'survey_response_rate' then 'surveys_answered'
        when 'tickets_solved' then 'solved'
        when 'handle_time' then 'handle_minutes'
        else k.kpi
    end as measure,
    k.day, sum(k.numerator)
from marts.kpi_daily as k
join ops.reporting_zone as z on z.is_main and z.time_zone = k.time_zone
where k.kpi in (
    'replies_per_ticket', 'reopens', 'survey_response_rate', 'tickets_solved', 'handle_time'
)
group by k.account, k.team_id, k.kpi, k.day
union all
select c.account, c.team_id, 'calls', d.day, count(*)
from core.fct_call as c
join ops.reporting_zone as z on z.is_main
join core.dim_local_day as d
    on d.time_zone = z.time_zone and c.offered_at >= d.starts_at and c.offered_at < d.ends_at
where d.day <= z.last_day
group by c.account, c.team_id, d.day"""

_CHANNELS = """
select account, team_id, channel, created_on, count(*)
from core.fct_ticket
where not is_excluded and team_id is not null
group by account, team_id, channel, created_on"""

_ARRIVALS = """
select account, team_id, channel,
    cast(floor(extract(epoch from created_at) / 900) as bigint) as quarter, count(*)
from core.fct_ticket
where not is_excluded and team_id is not null and created_at >= :since and created_at < :until
group by account, team_id, channel, quarter"""
