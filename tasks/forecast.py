"""Step: write the forecast of volume and other work, and how good it was."""

from collections.abc import Callable

from tasks.forecasting.history import (
    ArrivalRow,
    ChannelRow,
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
from tasks.sqlmodels.reads import read
from tasks.warehouse import runlog
from tasks.warehouse.session import Session


def build_forecast(
    session: Session,
    planning: PlanningSettings,
    run_id: str,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Materialized]:
    """Every forecast table, if history, calendar or settings changed.

    `progress` gets a line after each part of a long forecast.
    """
    reporting_day = read(session, "forecast/reporting_day", ReportingDayRow)[0]
    settings = {
        "models": planning.models,
        "horizon": planning.horizon_days,
        "minutes": planning.interval_minutes,
        "days": planning.interval_days,
        "last_day": str(reporting_day.last_day),
    }
    build = build_of(session, "forecast", settings)
    if build.is_current:
        return build.unchanged
    history = history_of(_read_sources(session, reporting_day), planning.horizon_days)
    tables = forecast_tables(history, planning, progress)
    written = write_tables(session, build, tables, run_id)
    if any(table.changed for table in written):
        runlog.tell_forecast(session, run_id)
    return written


def _read_sources(session: Session, reporting_day: ReportingDayRow) -> Sources:
    since, until = reporting_day.arrivals_since, reporting_day.arrivals_until
    return Sources(
        reporting_day=reporting_day,
        volume=read(session, "forecast/volume", VolumeRow),
        holidays=read(session, "forecast/holidays", HolidayRow),
        special_days=read(session, "forecast/special_days", SpecialDayRow),
        work=read(session, "forecast/work", WorkRow),
        channels=read(session, "forecast/channels", ChannelRow),
        arrivals=read(session, "forecast/arrivals", ArrivalRow, since=since, until=until),
    )
