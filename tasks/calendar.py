"""Step: build days, local days and business time, from what accounts and settings say."""

import json
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from tasks.clock import local_day
from tasks.planning.calendar_tables import Calendar, Holiday, OpenHours, Reported, calendar_of
from tasks.settings import Settings
from tasks.sqlmodels.catalog import Model, models, running_tables, table_of
from tasks.sqlmodels.materialization import ModelResult
from tasks.sqlmodels.reads import read, read_one
from tasks.warehouse import runlog
from tasks.warehouse.build import TableRow, rebuild
from tasks.warehouse.changed_keys import ChangedKeys
from tasks.warehouse.session import Session


def build_calendar(
    session: Session, settings: Settings, as_of: datetime, run_id: str, changed_keys: ChangedKeys
) -> list[ModelResult]:
    """Build days, local days and business time.

    They cover whole years, from the first ticket to the end of the forecast.
    """
    calendar = _read_calendar(session, settings, as_of)
    known = runlog.model_inputs(session)
    results = []
    for model in models().values():
        if model.built_by == "calendar":
            former = known.get(model.full_name)
            results.append(_build_calendar_table(session, model, calendar, run_id, former))
    if any(result.changed for result in results):
        changed_keys.look_at(running_tables())  # clocks that run may have been given other hours
    return results


def _build_calendar_table(
    session: Session, model: Model, calendar: Calendar, run_id: str, former: str | None
) -> ModelResult:
    started = time.perf_counter()
    state = json.dumps({"text": model.fingerprint, "from": calendar.state})
    if former == state:
        return ModelResult(model.full_name, 0, None, 0.0)
    rows: Iterable[TableRow] = getattr(calendar, model.name)()
    count, changed = rebuild(
        session, table_of(model), rows, run_id=run_id, state=state, started=started
    )
    return ModelResult(model.full_name, count, changed, time.perf_counter() - started)


class FirstInstant(NamedTuple):
    """The earliest instant of any record."""

    happened_at: datetime | None


class FirstBookedDay(NamedTuple):
    """The earliest day of any cost or budget line."""

    booked_on: date | None


class AccountName(NamedTuple):
    """An account that has tickets."""

    account: str


def _read_calendar(session: Session, settings: Settings, as_of: datetime) -> Calendar:
    first, last = _range(session, settings, as_of)
    reported = Reported(
        hours=read(session, "transform/schedules", OpenHours),
        holidays=read(session, "transform/holidays", Holiday),
        accounts=[row.account for row in read(session, "transform/accounts", AccountName)],
    )
    zones = {
        row["written"]: row["iana"] or ""
        for row in models()["staging.time_zone_map"].rows()
        if row["written"]
    }
    return calendar_of(reported, settings, zones, first, last)


def _range(session: Session, settings: Settings, as_of: datetime) -> tuple[date, date]:
    """First and last day of the calendar: whole years, and whole fiscal years."""
    business, horizon_days = settings.business, settings.planning.horizon_days
    record = read_one(session, "transform/first_instant", FirstInstant)
    cost = read_one(session, "transform/first_booked_day", FirstBookedDay)
    today = local_day(as_of, business.time_zone)
    first = business.first_day or today
    if record and record.happened_at and not business.first_day:
        first = local_day(record.happened_at, business.time_zone)
    if cost and cost.booked_on:
        first = min(first, cost.booked_on)
    first_year = (min(first, today) - timedelta(days=2)).year
    last_year = (today + timedelta(days=horizon_days + 2)).year
    more = business.fiscal_year_month > 1
    return date(first_year - more, 1, 1), date(last_year + more, 12, 31)
