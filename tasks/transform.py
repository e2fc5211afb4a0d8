"""Step: build the calendar and the SQL models that are out of date, in dependency order."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from tasks.clock import local_day
from tasks.planning.calendar_tables import Calendar, Holiday, OpenHours, Reported, calendar_of
from tasks.quality.suites import RuleResult, Verdict
from tasks.settings import AccountSettings, BusinessSettings, Settings
from tasks.sqlmodels.catalog import (
    ZONE_LIST,
    Model,
    identities,
    inputs_state,
    kpi_rows,
    models,
    table_of,
)
from tasks.sqlmodels.increments import changed_inputs, part_of
from tasks.sqlmodels.reads import read, read_one
from tasks.warehouse import runlog
from tasks.warehouse.build import TableRow, build, fill, rebuild
from tasks.warehouse.changed_keys import ChangedKeys
from tasks.warehouse.runlog import BuildState
from tasks.warehouse.session import Session
from tasks.warehouse.tables import ACCOUNT_MARK, REPORTING_SETTING, REPORTING_ZONE, Table


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What a build did. `changed` is None when the model was up to date and not built."""

    model: str
    rows: int
    changed: int | None
    seconds: float


def model_tables() -> list[Table]:
    """The tables of all models, described, for creation."""
    return [table_of(model) for model in models().values()]


def last_complete_day(as_of: datetime, time_zone: str) -> date:
    """The last local day that was over at `as_of`."""
    return local_day(as_of, time_zone) - timedelta(days=1)


def set_parameters(session: Session, as_of: datetime, settings: Settings) -> ChangedKeys:
    """Record what the models are built for; gives the tickets and days that this build looks at.

    Tickets: those of loaded rows, those whose clocks run if the as-of instant has moved, and those
    with history after the former one. Days: those that became complete. If as-of went back, or the
    zones changed, everything is rebuilt.
    """
    before = runlog.reporting_zones(session)
    zones = _zone_rows(settings.business, as_of)
    _replace(session, REPORTING_SETTING, [_setting_row(settings.business)])
    _replace(session, ACCOUNT_MARK, list(_mark_rows(settings.accounts)))
    if _replace(session, REPORTING_ZONE, zones) and _needs_rebuild(before, zones):
        runlog.mark_changed(session, ZONE_LIST)
    changed_keys = ChangedKeys(session)
    changed_keys.start()
    former = before[0]["as_of"] if before else None
    if former and former != as_of:
        changed_keys.look_at(_running(), since=former - timedelta(days=2))
    changed_keys.add_days(_completed_days(before, zones))
    return changed_keys


def _replace(session: Session, table: Table, rows: list[dict[str, Any]]) -> bool:
    """Make these the rows of a table of the run log; True if they differ from before."""
    is_changed = runlog.replace_rows(session, table, rows)
    if is_changed:
        runlog.mark_changed(session, table.fullname)
    return is_changed


def _zone_rows(business: BusinessSettings, as_of: datetime) -> list[dict[str, Any]]:
    return [
        {
            "time_zone": zone,
            "is_main": place == 0,
            "as_of": as_of,
            "last_day": last_complete_day(as_of, zone),
        }
        for place, zone in enumerate(business.zones)
    ]


def _setting_row(business: BusinessSettings) -> dict[str, Any]:
    return {
        "time_zone": business.time_zone,
        "currency": business.currency,
        "recontact_days": business.recontact_days,
    }


def _mark_rows(accounts: Iterable[AccountSettings]) -> Iterator[dict[str, str]]:
    for account in accounts:
        marks = [("bot", bot) for bot in account.bots]
        marks += [("escalation_team", team) for team in account.escalation_teams]
        marks += [("escalate_on_raise", "true")] if account.escalate_on_raise else []
        for kind, value in dict.fromkeys(marks):
            yield {"account": account.name, "kind": kind, "value": value}


def _needs_rebuild(before: list[dict[str, Any]], zones: list[dict[str, Any]]) -> bool:
    """The zones changed, another is the main one, or the as-of instant went back."""

    def names(rows: list[dict[str, Any]]) -> set[tuple[str, bool]]:
        return {(row["time_zone"], row["is_main"]) for row in rows}

    went_back = bool(before) and before[0]["as_of"] > zones[0]["as_of"]
    return names(before) != names(zones) or went_back


def _completed_days(before: list[dict[str, Any]], zones: list[dict[str, Any]]) -> Iterator[date]:
    """Days that became complete in a time zone since the last build."""
    last_days = {zone["time_zone"]: zone["last_day"] for zone in zones}
    for row in before:
        first, last = row["last_day"], last_days.get(row["time_zone"], row["last_day"])
        yield from (first + timedelta(days=i) for i in range(1, (last - first).days + 1))


def _running() -> list[str]:
    """Tables of the tickets whose rows depend on the as-of instant."""
    return list(dict.fromkeys(model.running for model in models().values() if model.running))


def identities_verdict(session: Session) -> Verdict:
    """Whether the tables add up: what does not is counted, and the first place is named."""
    return Verdict("identities", [_check(session, one) for one in identities().values()])


def _check(session: Session, identity: Model) -> RuleResult:
    wrong = session.fetch(identity.render(session.dialect))
    description = identity.description.rstrip(".")
    if wrong:
        first = wrong[0]
        description += f"; {first.place}: {first.found}, expected {first.expected}"
    return RuleResult(identity.name, "identity", description, not wrong, len(wrong), 0)


def build_model(
    session: Session, model: Model, run_id: str, changed_keys: ChangedKeys, known: BuildState
) -> ModelResult:
    """Build one model if it is out of date: whole, or only changed tickets or days.

    Raises ModelError.
    """
    started = time.perf_counter()
    inputs = inputs_state(model, known.changes)
    state = json.dumps(inputs, sort_keys=True)
    former = known.inputs.get(model.full_name)
    if former == state:
        changed_keys.known.add(model.full_name)
        return ModelResult(model.full_name, 0, None, 0.0)
    if model.select:
        changed = changed_inputs(inputs, former)
        part = part_of(model, model.render(session.dialect), changed, changed_keys)
        rows, changes = build(
            session, table_of(model), part.select, only=part.only, changed_keys=changed_keys
        )
    else:
        rows, changes = fill(session, table_of(model), _rows_of(model))
    seconds = time.perf_counter() - started
    known.note(
        {
            "model": model.full_name,
            "run_id": run_id,
            "inputs": state,
            "rows_count": rows,
            "changed_count": changes,
            "seconds": seconds,
        }
    )
    return ModelResult(model.full_name, rows, changes, seconds)


def _rows_of(model: Model) -> Iterable[TableRow]:
    return kpi_rows() if model.built_by == "kpi_list" else model.rows()


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
        changed_keys.look_at(_running())  # clocks that run may have been given other hours
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
