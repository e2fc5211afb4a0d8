"""Step: build the calendar and the SQL models that are out of date, in dependency order."""

import json
import re
import time
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import holidays as public_holidays

from tasks.clock import days, local_day, midnight
from tasks.planning.business_time import (
    Schedule,
    Segment,
    dues,
    iana_zone,
    parse_hours,
    segments,
    workdays,
)
from tasks.planning.calendar import date_rows
from tasks.quality.suites import RuleResult, Verdict
from tasks.settings import AccountSettings, BusinessSettings, Settings
from tasks.sqlmodels.catalog import (
    PERIODS,
    ZONE_LIST,
    Model,
    identities,
    inputs_state,
    kpi_rows,
    models,
    table_of,
)
from tasks.sqlmodels.reads import read, read_one
from tasks.warehouse import runlog
from tasks.warehouse.build import build, fill, rebuild
from tasks.warehouse.changed_keys import ChangedKeys, ticket_of
from tasks.warehouse.runlog import BuildState
from tasks.warehouse.session import Session
from tasks.warehouse.tables import ACCOUNT_MARK, REPORTING_SETTING, REPORTING_ZONE, SOURCE

DEFAULT_SCHEDULE = "default"
EVERY_SCHEDULE = "*"  # holidays of vendors that do not tell which schedule they close


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What a build did. `changed` is None when the model was up to date and not built."""

    model: str
    rows: int
    changed: int | None
    seconds: float


def model_tables() -> list[Any]:
    """The tables of all models, described, for creation."""
    return [table_of(m) for m in models().values()]


def last_complete_day(as_of: datetime, time_zone: str) -> date:
    """The last local day that was over at `as_of`."""
    return local_day(as_of, time_zone) - timedelta(days=1)


def set_parameters(session: Session, as_of: datetime, settings: Settings) -> ChangedKeys:
    """Write down what the models are built for; gives what this build has to look at.

    Tickets: those of loaded rows, those whose clocks run if the as-of instant has moved, and those
    with history after the former one. Days: those that became complete. If as-of went back, or the
    zones changed, everything is built anew.
    """
    business = settings.business
    before = runlog.reporting_zones(session)
    zones = [
        {
            "time_zone": zone,
            "is_main": place == 0,
            "as_of": as_of,
            "last_day": last_complete_day(as_of, zone),
        }
        for place, zone in enumerate(business.zones)
    ]
    if runlog.replace_rows(session, REPORTING_ZONE, zones):
        runlog.mark_changed(session, REPORTING_ZONE.fullname)
        known = {row["time_zone"]: row for row in before}
        if (
            [r["time_zone"] for r in before if r["is_main"]] != list(business.zones[:1])
            or set(known) != set(business.zones)
            or (before and before[0]["as_of"] > as_of)
        ):
            runlog.mark_changed(session, ZONE_LIST)
    setting = {
        "time_zone": business.time_zone,
        "currency": business.currency,
        "recontact_days": business.recontact_days,
    }
    if runlog.replace_rows(session, REPORTING_SETTING, [setting]):
        runlog.mark_changed(session, REPORTING_SETTING.fullname)
    if runlog.replace_rows(session, ACCOUNT_MARK, list(_marks(settings))):
        runlog.mark_changed(session, ACCOUNT_MARK.fullname)
    changed_keys = ChangedKeys(session)
    former = before[0]["as_of"] if before else None
    changed_keys.start()
    if former and former != as_of:
        changed_keys.look_at(
            [
                *_running(),
                (
                    "select account, ticket_id from staging.status_change where starts_at >="
                    f" timestamptz '{former - timedelta(days=2)}'"
                ),
            ]
        )
    for row in before:
        new = next(
            (z["last_day"] for z in zones if z["time_zone"] == row["time_zone"]), row["last_day"]
        )
        changed_keys.add_days(
            row["last_day"] + timedelta(days=i) for i in range(1, (new - row["last_day"]).days + 1)
        )
    return changed_keys


def _running() -> list[str]:
    """Queries for the tickets whose rows depend on the as-of instant."""
    return list(
        dict.fromkeys(
            f"select account, ticket_id from {m.running}" for m in models().values() if m.running
        )
    )


def _marks(settings: Settings) -> Iterator[dict[str, str]]:
    for account in settings.accounts:
        listed = [("bot", b) for b in account.bots] + [
            ("escalation_team", t) for t in account.escalation_teams
        ]
        listed += [("escalate_on_raise", "true")] if account.escalate_on_raise else []
        yield from (
            {"account": account.name, "kind": kind, "value": value}
            for kind, value in dict.fromkeys(listed)
        )


def identities_verdict(session: Session) -> Verdict:
    """Whether the tables add up; what does not is counted, and the first place is named."""
    results = []
    for identity in identities().values():
        wrong = session.fetch(identity.render(session.dialect))
        first = (
            f"; {wrong[0].place}: {wrong[0].found}, expected {wrong[0].expected}" if wrong else ""
        )
        results.append(
            RuleResult(
                identity.name,
                "identity",
                identity.description.rstrip(".") + first,
                not wrong,
                len(wrong),
                0,
            )
        )
    return Verdict("identities", results)


MOVING = frozenset(
    {"ops.reporting_zone", "staging.schedule_now"}
)  # only running tickets and new days follow these
_POINT_FACTS = ("core.fct_", "core.snap_", "staging.message", "marts.kpi_daily")


def build_model(
    session: Session,
    model: Model,
    run_id: str,
    changed_keys: ChangedKeys,
    known: BuildState,
) -> ModelResult:
    """Build one model if it is out of date: whole, or only touched tickets or days.

    Raises ModelError.
    """
    now = inputs_state(model, known.changes)
    state = json.dumps(now, sort_keys=True)
    former = known.inputs.get(model.full_name)
    if former == state:
        changed_keys.known.add(model.full_name)
        return ModelResult(model.full_name, 0, None, 0.0)
    started = time.perf_counter()
    target = table_of(model)
    if model.seed or model.built_by == "kpi_list":
        rows, changed = fill(
            session,
            target,
            kpi_rows() if model.built_by == "kpi_list" else model.rows(),
        )
        return _record(model.full_name, run_id, state, rows, changed, started, known)
    select = model.render(session.dialect)
    select, only = _cut(model, select, _changed_inputs(now, former), changed_keys)
    rows, changed = build(session, target, select, only=only, changed_keys=changed_keys)
    return _record(model.full_name, run_id, state, rows, changed, started, known)


def _changed_inputs(now: dict[str, Any], former: str | None) -> set[str] | None:
    """Inputs that changed since the last build; None when the model itself is new or another."""
    then = json.loads(former) if former else {}
    if then.get("text") != now["text"]:
        return None
    return {name for name, count in now["inputs"].items() if then["inputs"].get(name) != count}


def _cut(
    model: Model, select: str, changed: set[str] | None, changed_keys: ChangedKeys
) -> tuple[str, str]:
    """The SELECT over slices of its inputs, and the condition on the rows it then stands for; uncut
    if need be.
    """
    if changed is None or model.refresh == "whole":
        return select, ""
    if model.refresh == "ticket":
        cut = {name: columns for name in model.inputs if ticket_of(name, columns := _columns(name))}
        if changed_keys.all_tickets or not changed - MOVING <= set(cut):
            return select, ""
        for name, columns in cut.items():
            select = _read_instead(
                select,
                name,
                changed_keys.slice_of(name, "tickets", changed_keys.tickets_where(name, columns)),
            )
        return select, changed_keys.tickets_where(model.full_name, _columns(model.full_name))
    cut = {name: _columns(name) for name in model.inputs if name.startswith(_POINT_FACTS)}
    if changed_keys.all_days or not changed - MOVING <= set(cut) & changed_keys.known:
        return select, ""
    periods = sorted({_period_start(model.refresh, day) for day in changed_keys.days})
    days = {day for period in periods for day in _days_of(model.refresh, period)}
    for name, columns in cut.items():
        select = _read_instead(
            select,
            name,
            changed_keys.slice_of(name, model.refresh, changed_keys.days_where(columns, days)),
        )
    listed = ", ".join(f"date '{period.isoformat()}'" for period in periods) or "null"
    return select, f"{PERIODS[model.refresh]} in ({listed})"


def _columns(name: str) -> dict[str, str]:
    """Columns of a source table or model, with their kinds."""
    schema, _, short = name.partition(".")
    if schema == "source":
        return {c.name: c.info["kind"] for c in SOURCE[short].columns}
    return {c.name: c.kind for c in models()[name].columns} if name in models() else {}


def _read_instead(select: str, name: str, slice_name: str) -> str:
    return re.sub(rf"\b{re.escape(name)}\b", slice_name, select)


def _period_start(period: str, day: date) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def _days_of(period: str, start: date) -> list[date]:
    if period == "day":
        return [start]
    length = 7 if period == "week" else monthrange(start.year, start.month)[1]
    return [start + timedelta(days=i) for i in range(length)]


def _record(
    name: str, run_id: str, state: str, rows: int, changed: int, started: float, known: BuildState
) -> ModelResult:
    seconds = time.perf_counter() - started
    known.note(
        {
            "model": name,
            "run_id": run_id,
            "inputs": state,
            "rows_count": rows,
            "changed_count": changed,
            "seconds": seconds,
        }
    )
    return ModelResult(name, rows, changed, seconds)


def build_calendar(
    session: Session,
    settings: Settings,
    as_of: datetime,
    run_id: str,
    changed_keys: ChangedKeys,
) -> list[ModelResult]:
    """Days, local days and business time, in whole years from the first ticket to the end of the
    forecast.
    """
    business, horizon_days = settings.business, settings.planning.horizon_days
    first, last = _range(session, business, as_of, horizon_days)
    schedules = _schedules(session, settings, first, last)
    usual = _default_schedule(business, None, first, last)
    key = repr(
        (
            first,
            last,
            business.fiscal_year_month,
            business.zones,
            usual,
            sorted((k, v) for k, v in schedules.items()),
        )
    )
    known = runlog.model_inputs(session)
    makers: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "core.dim_date": lambda: _dates(schedules, usual, first, last, business.fiscal_year_month),
        "core.dim_local_day": lambda: _local_days(business.zones, first, last),
        "core.business_segment": lambda: _segments(schedules, first, last),
        "core.business_due": lambda: _dues(schedules, first, last),
        "core.dim_special_day": lambda: _special_days(schedules, first, last),
    }
    results = []
    for name, make in makers.items():
        started = time.perf_counter()
        model = models()[name]
        state = json.dumps({"text": model.fingerprint, "from": key})
        if known.get(name) == state:
            results.append(ModelResult(name, 0, None, 0.0))
            continue
        count, changed = rebuild(
            session,
            table_of(model),
            make(),
            run_id=run_id,
            state=state,
            started=started,
        )
        results.append(ModelResult(name, count, changed, time.perf_counter() - started))
    if any(r.changed for r in results):
        changed_keys.look_at(_running())  # clocks that run may have been given other hours
    return results


Keyed = dict[tuple[str, str], tuple[Schedule, bool]]


class FirstInstant(NamedTuple):
    """The earliest instant of any record."""

    happened_at: datetime | None


class FirstBookedDay(NamedTuple):
    """The earliest day of any cost or budget line."""

    booked_on: date | None


class Holiday(NamedTuple):
    """Days on which a schedule is closed."""

    account: str
    schedule_id: str
    first_on: date
    last_on: date


class OpenHours(NamedTuple):
    """An open span of a schedule's week."""

    account: str
    schedule_id: str
    time_zone: str
    starts_minute: int
    ends_minute: int
    is_default: bool


class AccountName(NamedTuple):
    """An account that has tickets."""

    account: str


def _range(
    session: Session, business: BusinessSettings, as_of: datetime, horizon_days: int
) -> tuple[date, date]:
    """First and last day of the calendar."""
    record = read_one(session, "transform/first_instant", FirstInstant)
    cost = read_one(session, "transform/first_booked_day", FirstBookedDay)
    today = local_day(as_of, business.time_zone)
    first = business.first_day or today
    if record and record.happened_at and not business.first_day:
        first = local_day(record.happened_at, business.time_zone)
    if cost and cost.booked_on:
        first = min(first, cost.booked_on)
    more = business.fiscal_year_month > 1  # whole fiscal years
    return date((min(first, today) - timedelta(days=2)).year - more, 1, 1), date(
        (today + timedelta(days=horizon_days + 2)).year + more, 12, 31
    )


def _schedules(session: Session, settings: Settings, first: date, last: date) -> Keyed:
    """Every account's schedules, and whether tickets that name none use them.

    Accounts without schedules get default hours. Hours and holidays that a vendor does not report
    come from the account's settings, else from the business's.
    """
    own = {account.name: account for account in settings.accounts}
    zones = {
        row["written"]: row["iana"] or ""
        for row in models()["staging.time_zone_map"].rows()
        if row["written"]
    }
    closed = _closed_days(read(session, "transform/holidays", Holiday), own, first, last)
    intervals: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    written: dict[tuple[str, str], OpenHours] = {}
    for hours in read(session, "transform/schedules", OpenHours):
        intervals[hours.account, hours.schedule_id].append((hours.starts_minute, hours.ends_minute))
        written[hours.account, hours.schedule_id] = hours
    schedules: Keyed = {}
    for key in sorted(intervals):
        schedule = Schedule(
            iana_zone(written[key].time_zone, zones),
            tuple(intervals[key]),
            (*closed.get(key, ()), *closed.get((key[0], EVERY_SCHEDULE), ())),
        )
        is_first = not any(account == key[0] for account, _ in schedules)
        has_default = any(h.is_default for h in written.values() if h.account == key[0])
        schedules[key] = (schedule, written[key].is_default if has_default else is_first)
    for (account,) in read(session, "transform/accounts", AccountName):
        if not any(known == account for known, _ in schedules):
            usual = _default_schedule(settings.business, own.get(account), first, last)
            schedules[account, DEFAULT_SCHEDULE] = (usual, True)
    return schedules


def _closed_days(
    holidays: Iterable[Holiday], own: Mapping[str, AccountSettings], first: date, last: date
) -> dict[tuple[str, str], list[tuple[date, date]]]:
    """Closed days by account and schedule: as reported, else the public ones of the settings."""
    closed: dict[tuple[str, str], list[tuple[date, date]]] = defaultdict(list)
    for holiday in holidays:
        closed[holiday.account, holiday.schedule_id].append((holiday.first_on, holiday.last_on))
    reported = {account for account, _ in closed}
    for name, account in own.items():
        if account.holiday_country and name not in reported:
            closed[name, EVERY_SCHEDULE] = _public_holidays(account.holiday_country, first, last)
    return closed


def _default_schedule(
    business: BusinessSettings, own: AccountSettings | None, first: date, last: date
) -> Schedule:
    zone, hours, country = (own.time_zone, own.hours, own.holiday_country) if own else ("", "", "")
    country = country or business.holiday_country
    closed = _public_holidays(country, first, last) if country else []
    return Schedule(
        zone or business.time_zone, parse_hours(hours or business.default_hours), tuple(closed)
    )


def _public_holidays(country: str, first: date, last: date) -> list[tuple[date, date]]:
    found = public_holidays.country_holidays(country, years=range(first.year, last.year + 1))
    return [(day, day) for day in sorted(found)]


def _dates(
    schedules: Keyed, usual: Schedule, first: date, last: date, fiscal_month: int
) -> list[dict[str, Any]]:
    """Work days are those on which any account is open; before there is one, those of the
    business's hours.
    """
    listed = [schedule for schedule, is_default in schedules.values() if is_default]
    return list(date_rows(workdays(first, last, listed or [usual]), fiscal_month))


def _local_days(zones: Sequence[str], first: date, last: date) -> list[dict[str, Any]]:
    return [
        {
            "time_zone": zone,
            "day": day,
            "starts_at": midnight(day, zone),
            "ends_at": midnight(day + timedelta(days=1), zone),
        }
        for zone in zones
        for day in days(first, last)
    ]


def _segments(schedules: Keyed, first: date, last: date) -> list[dict[str, Any]]:
    return [
        {
            "account": account,
            "schedule_id": schedule_id,
            "utc_day": s.utc_day,
            "from_second": s.from_second,
            "to_second": s.to_second,
            "is_open": s.is_open,
            "open_before": s.open_before,
            "is_default": is_default,
        }
        for (account, schedule_id), (schedule, is_default) in schedules.items()
        for s in _pieces(schedule, first, last)
    ]


def _dues(schedules: Keyed, first: date, last: date) -> list[dict[str, Any]]:
    return [
        {
            "account": account,
            "schedule_id": schedule_id,
            "open_hour": d.open_hour,
            "open_from": d.open_from,
            "open_to": d.open_to,
            "starts_at": d.starts_at,
        }
        for (account, schedule_id), (schedule, _) in schedules.items()
        for d in dues(_pieces(schedule, first, last))
    ]


def _special_days(schedules: Keyed, first: date, last: date) -> list[dict[str, Any]]:
    made = []
    for (account, _), (schedule, is_default) in schedules.items():
        if is_default:
            open_days, usual = (
                workdays(first, last, [schedule]),
                workdays(first, last, [replace(schedule, closed=())]),
            )
            made += [
                {"account": account, "day": day}
                for day in usual
                if usual[day] and not open_days[day]
            ]
    return made


@cache
def _pieces(schedule: Schedule, first: date, last: date) -> list[Segment]:
    # two days more on either side: an instant's UTC day can differ from its local one
    return segments(schedule, first - timedelta(days=2), last + timedelta(days=2))
