"""Step: build the calendar and the SQL models that are out of date, in dependency order."""

import json
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import holidays as public_holidays

from tasks.clock import local_day
from tasks.planning.business_time import Schedule, iana_zone, parse_hours, segments, workdays
from tasks.planning.calendar import date_rows, whole_months
from tasks.settings import BusinessSettings
from tasks.sqlmodels.catalog import Model, inputs_state, models
from tasks.warehouse import books
from tasks.warehouse.build import build, fill, refill
from tasks.warehouse.engine import Connection, Warehouse
from tasks.warehouse.tables import table

DEFAULT_SCHEDULE = "default"


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What a build did. `changed` is None when the model was up to date and not built."""

    model: str
    rows: int
    changed: int | None
    seconds: float


def model_tables() -> list[Any]:
    """The tables of all models, described, for creation."""
    return [table(m.schema, m.name, m.columns, m.says, m.grain) for m in models().values()]


def last_complete_day(as_of: datetime, time_zone: str) -> date:
    """The last local day that was over at `as_of`."""
    return local_day(as_of, time_zone) - timedelta(days=1)


def set_parameters(connection: Connection, as_of: datetime, business: BusinessSettings) -> None:
    """What the models are built for. Only the zone and the last complete day matter to them today."""
    last_day = last_complete_day(as_of, business.time_zone)
    changed = books.set_parameters(
        connection, as_of=as_of, time_zone=business.time_zone, last_day=last_day, currency=business.currency
    )
    if changed:
        books.touch_table(connection, "ops.run_parameter")


def build_model(warehouse: Warehouse, connection: Connection, model: Model, run_id: str) -> ModelResult:
    """Build one SQL or seed model if it is out of date. Raises ModelError with the database's words."""
    state = json.dumps(inputs_state(model, books.table_states(connection)), sort_keys=True)
    if books.model_inputs(connection).get(model.full_name) == state:
        return ModelResult(model.full_name, 0, None, 0.0)
    started = time.perf_counter()
    target = table(model.schema, model.name, model.columns, model.says, model.grain)
    if model.seed:
        rows, changed = fill(warehouse, connection, target, model.rows())
    else:
        rows, changed = build(connection, target, model.render("duckdb" if warehouse.kind == "duckdb" else "postgres"))
    return _record(connection, model.full_name, run_id, state, rows, changed, started)


def _record(
    connection: Connection, name: str, run_id: str, state: str, rows: int, changed: int, started: float
) -> ModelResult:
    seconds = time.perf_counter() - started
    if changed:
        books.touch_table(connection, name)
    books.record_model(connection, {
        "model": name, "run_id": run_id, "inputs": state, "rows_count": rows, "changed_count": changed, "seconds": seconds,
    })
    return ModelResult(name, rows, changed, seconds)


def build_calendar(
    warehouse: Warehouse, connection: Connection, business: BusinessSettings, as_of: datetime, horizon_days: int, run_id: str
) -> list[ModelResult]:
    """`core.dim_date` and `core.business_segment`, from the first ticket to the end of the forecast."""
    started = time.perf_counter()
    first, last = _range(warehouse, connection, business, as_of, horizon_days)
    schedules = _schedules(warehouse, connection, business, first, last)
    key = repr((first, last, sorted((k, v) for k, v in schedules.items())))
    known = books.model_inputs(connection)
    results = []
    for name in ("core.dim_date", "core.business_segment"):
        model = models()[name]
        state = json.dumps({"text": model.fingerprint, "from": key})
        if known.get(name) == state:
            results.append(ModelResult(name, 0, None, 0.0))
            continue
        rows = _dates(schedules, first, last) if name == "core.dim_date" else _segments(schedules, first, last)
        target = table(model.schema, model.name, model.columns, model.says, model.grain)
        count, changed = refill(warehouse, connection, target, rows, run_id=run_id, state=state, started=started)
        results.append(ModelResult(name, count, changed, time.perf_counter() - started))
    return results


Keyed = dict[tuple[str, str], tuple[Schedule, bool]]


def _range(
    warehouse: Warehouse, connection: Connection, business: BusinessSettings, as_of: datetime, horizon_days: int
) -> tuple[date, date]:
    found = warehouse.fetch(
        connection,
        "select min(t) from (select min(created_at) as t from source.ticket union all "
        "select min(responded_at) from source.survey_response union all select min(sent_at) from source.survey_invitation) as x",
    )[0][0]
    today = local_day(as_of, business.time_zone)
    first = business.first_day or (local_day(found, business.time_zone) if found else today)
    return whole_months(min(first, today) - timedelta(days=1), today + timedelta(days=horizon_days))


def _schedules(
    warehouse: Warehouse, connection: Connection, business: BusinessSettings, first: date, last: date
) -> Keyed:
    """Every account's schedules, with the one that tickets use which name none; accounts without get default hours."""
    zones = {row["written"]: row["iana"] or "" for row in models()["staging.time_zone_map"].rows() if row["written"]}
    closed: dict[tuple[str, str], list[tuple[date, date]]] = {}
    for account, schedule_id, low, high in warehouse.fetch(
        connection, "select account, schedule_id, first_on, last_on from source.holiday order by 1, 2, 3, 4"
    ):
        closed.setdefault((account, schedule_id), []).append((low, high))
    intervals: dict[tuple[str, str], list[tuple[int, int]]] = {}
    written: dict[tuple[str, str], tuple[str, bool]] = {}
    for account, schedule_id, zone, low, high, default in warehouse.fetch(
        connection,
        "select account, schedule_id, time_zone, starts_minute, ends_minute, coalesce(is_default, false) "
        "from source.business_schedule order by account, schedule_id, starts_minute",
    ):
        intervals.setdefault((account, schedule_id), []).append((low, high))
        written[account, schedule_id] = (zone, default)
    found: Keyed = {}
    for key in sorted(intervals):
        zone, default = written[key]
        schedule = Schedule(iana_zone(zone, zones), tuple(intervals[key]), tuple(closed.get(key, ())))
        is_first = not any(account == key[0] for account, _ in found)
        named = any(d for (account, _), (_, d) in written.items() if account == key[0])
        found[key] = (schedule, default if named else is_first)
    fallback = _default_schedule(business, first, last)
    for (account,) in warehouse.fetch(connection, "select distinct account from source.ticket order by 1"):
        if not any(a == account for a, _ in found):
            found[account, DEFAULT_SCHEDULE] = (fallback, True)
    return found


def _default_schedule(business: BusinessSettings, first: date, last: date) -> Schedule:
    closed: list[tuple[date, date]] = []
    if business.holiday_country:
        years = range(first.year, last.year + 1)
        closed = [(d, d) for d in sorted(public_holidays.country_holidays(business.holiday_country, years=years))]
    return Schedule(business.time_zone, parse_hours(business.default_hours), tuple(closed))


def _dates(schedules: Keyed, first: date, last: date) -> list[dict[str, Any]]:
    listed = [schedule for schedule, is_default in schedules.values() if is_default]
    return list(date_rows(workdays(first, last, listed) if listed else {}))


def _segments(schedules: Keyed, first: date, last: date) -> list[dict[str, Any]]:
    # a day more on either side: an instant's UTC day can differ from its local one
    return [
        {"account": account, "schedule_id": schedule_id, "utc_day": s.utc_day, "from_second": s.from_second,
         "to_second": s.to_second, "open_before": s.open_before, "is_default": is_default}
        for (account, schedule_id), (schedule, is_default) in schedules.items()
        for s in segments(schedule, first - timedelta(days=2), last + timedelta(days=2))
    ]
