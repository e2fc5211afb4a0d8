"""The calendar: local days, open hours of every schedule, work days and special days.

Pure arithmetic: schedules from what vendors report and from the settings, tables from schedules.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import NamedTuple

from tasks.clock import days, midnight
from tasks.planning.business_time import (
    PartOfDay,
    Schedule,
    Segment,
    dues,
    iana_zone,
    segments,
    workdays,
)
from tasks.planning.calendar import KnownDay, date_rows
from tasks.public_holidays import holiday_names, parse_regions, public_holidays
from tasks.settings import AccountSettings, BusinessSettings, Settings
from tasks.weekly import parse_hours

DEFAULT_SCHEDULE = "default"
FLOATING = "floating"  # a schedule without a zone of its own: hours of whoever looks
EVERY_SCHEDULE = "*"  # holidays of vendors that do not say which schedule they close

ScheduleKey = tuple[str, str]  # account and schedule id
Spans = tuple[tuple[date, date], ...]  # first and last closed day


class Holiday(NamedTuple):
    """Days on which a schedule is closed, or has other hours in the part that is given."""

    account: str
    schedule_id: str
    first_on: date
    last_on: date
    from_minute: int | None = None
    to_minute: int | None = None
    is_open: bool = False
    name: str | None = None


class OpenHours(NamedTuple):
    """An open span of a schedule's week, in minutes since Sunday 00:00 local wall time."""

    account: str
    schedule_id: str
    time_zone: str
    starts_minute: int
    ends_minute: int
    is_default: bool
    position: int | None
    name: str | None


class Reported(NamedTuple):
    """What vendors report: hours, holidays, and the accounts that have tickets, in order."""

    hours: list[OpenHours]
    holidays: list[Holiday]
    accounts: list[str]


@dataclass(frozen=True, slots=True)
class DimLocalDay:
    """A local day of a business time zone: `core.dim_local_day`."""

    time_zone: str
    day: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class BusinessSegment:
    """An open or closed piece of a UTC day of a schedule: `core.business_segment`."""

    account: str
    schedule_id: str
    utc_day: date
    from_second: int
    to_second: int
    is_open: bool
    open_before: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class BusinessDue:
    """Running totals of one open hour of a schedule: `core.business_due`."""

    account: str
    schedule_id: str
    open_hour: int
    open_from: int
    open_to: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class DimSpecialDay:
    """A work day on which an account is closed: `core.dim_special_day`."""

    account: str
    day: date


@dataclass(frozen=True, slots=True)
class DimHoliday:
    """A holiday of a calendar: `core.dim_holiday`."""

    calendar: str
    day: date
    account: str | None
    schedule_id: str | None
    name: str
    is_whole_day: bool


@dataclass(frozen=True, slots=True)
class AccountSchedule:
    """A schedule, and whether tickets that name none use it."""

    schedule: Schedule
    is_default: bool


@dataclass(frozen=True)
class Calendar:
    """All that the calendar's tables are made from; its methods are the tables."""

    first: date
    last: date
    business: BusinessSettings
    schedules: Mapping[ScheduleKey, AccountSchedule]
    holidays: tuple[DimHoliday, ...] = ()

    @cached_property
    def state(self) -> str:
        """Changes with anything that the tables depend on."""
        schedules = sorted(
            (key, (one.schedule, one.is_default)) for key, one in self.schedules.items()
        )
        business = self.business
        return repr(
            (
                self.first,
                self.last,
                business.fiscal_year_month,
                business.zones,
                self._usual,
                schedules,
                self.holidays,
            )
        )

    @property
    def _usual(self) -> Schedule:
        return _default_schedule(self.business, None, self.first, self.last)

    @property
    def _defaults(self) -> dict[ScheduleKey, Schedule]:
        return {key: one.schedule for key, one in self.schedules.items() if one.is_default}

    def known_day(self) -> Iterator[KnownDay]:
        """Days, with the days on which any account is open as work days.

        Before there is an account, the business's own hours decide.
        """
        open_hours = list(self._defaults.values()) or [self._usual]
        return date_rows(
            workdays(self.first, self.last, open_hours), self.business.fiscal_year_month
        )

    def dim_local_day(self) -> Iterator[DimLocalDay]:
        """The days of every business time zone."""
        for zone in self.business.zones:
            for day in days(self.first, self.last):
                after = midnight(day + timedelta(days=1), zone)
                yield DimLocalDay(zone, day, midnight(day, zone), after)

    def business_segment(self) -> Iterator[BusinessSegment]:
        """Open and closed pieces of every schedule's days."""
        for (account, schedule_id), one in self.schedules.items():
            for piece in _pieces(one.schedule, self.first, self.last):
                yield BusinessSegment(
                    account,
                    schedule_id,
                    piece.utc_day,
                    piece.from_second,
                    piece.to_second,
                    piece.is_open,
                    piece.open_before,
                    one.is_default,
                )

    def business_due(self) -> Iterator[BusinessDue]:
        """Running totals of every schedule's open hours."""
        for (account, schedule_id), one in self.schedules.items():
            for due in dues(_pieces(one.schedule, self.first, self.last)):
                yield BusinessDue(
                    account, schedule_id, due.open_hour, due.open_from, due.open_to, due.starts_at
                )

    def dim_holiday(self) -> Iterator[DimHoliday]:
        """Holidays of every calendar."""
        return iter(self.holidays)

    def dim_special_day(self) -> Iterator[DimSpecialDay]:
        """Days on which an account is closed although it is open on that weekday."""
        for (account, _), schedule in self._defaults.items():
            is_open = workdays(self.first, self.last, [schedule])
            is_usual = workdays(self.first, self.last, [replace(schedule, closed=(), parts=())])
            for day in is_usual:
                if is_usual[day] and not is_open[day]:
                    yield DimSpecialDay(account, day)


def calendar_of(
    reported: Reported, settings: Settings, zones: Mapping[str, str], first: date, last: date
) -> Calendar:
    """The calendar of the days from `first` to `last`.

    Accounts without schedules get default hours. Hours and holidays that a vendor does not report
    come from the account's settings, else from the business's. `zones` gives the IANA names of time
    zones as vendors write them. Raises ConfigurationError for an unknown one.
    """
    own = {account.name: account for account in settings.accounts}
    closed = _closed_days(reported.holidays, own, first, last)
    parts = _parts_of_days(reported.holidays)
    wanted = {name: account.default_schedule for name, account in own.items()}
    hours = [_in_a_zone(span, settings.business, own) for span in reported.hours]
    schedules = _reported_schedules(hours, closed, parts, zones, wanted)
    with_hours = {account for account, _ in schedules}
    for account in reported.accounts:
        if account not in with_hours:
            usual = _default_schedule(settings.business, own.get(account), first, last)
            schedules[account, DEFAULT_SCHEDULE] = AccountSchedule(usual, is_default=True)
    named = tuple(_holidays(reported.holidays, settings, first, last))
    return Calendar(first, last, settings.business, schedules, named)


def _holidays(
    reported: Iterable[Holiday], settings: Settings, first: date, last: date
) -> Iterator[DimHoliday]:
    """Holidays by calendar and day, as `_closed_days` takes them, with their names."""
    of_vendors: dict[ScheduleKey, dict[date, list[Holiday]]] = defaultdict(dict)
    for holiday in reported:
        for day in days(max(first, holiday.first_on), min(last, holiday.last_on)):
            by_day = of_vendors[holiday.account, holiday.schedule_id]
            by_day.setdefault(day, []).append(holiday)
    for (account, schedule_id), by_day in sorted(of_vendors.items()):
        for day, listed in sorted(by_day.items()):
            name = ", ".join(dict.fromkeys(one.name or "holiday" for one in listed))
            whole = any(one.from_minute is None for one in listed)
            calendar = f"{account}/{schedule_id}"
            yield DimHoliday(calendar, day, account, schedule_id, name, whole)
    with_own = {account for account, _ in of_vendors}
    for one in settings.accounts:
        if one.holiday_country and one.name not in with_own:
            for day, name in _public_names(one.holiday_country, first, last):
                calendar = f"{one.name}/{EVERY_SCHEDULE}"
                yield DimHoliday(calendar, day, one.name, EVERY_SCHEDULE, name, True)
    for day, name in _public_names(settings.business.holiday_country, first, last):
        yield DimHoliday("business", day, None, None, name, True)


def _public_names(written: str, first: date, last: date) -> list[tuple[date, str]]:
    return sorted(holiday_names(parse_regions(written), first, last).items()) if written else []


def _in_a_zone(
    span: OpenHours, business: BusinessSettings, own: Mapping[str, AccountSettings]
) -> OpenHours:
    """A span in the zone of the account's settings, else the business's, where it floats."""
    if span.time_zone != FLOATING:
        return span
    account = own.get(span.account)
    zone = account.time_zone if account else ""
    return span._replace(time_zone=zone or business.time_zone)


def _reported_schedules(
    hours: Iterable[OpenHours],
    closed: Mapping[ScheduleKey, Spans],
    parts: Mapping[ScheduleKey, tuple[PartOfDay, ...]],
    zones: Mapping[str, str],
    wanted: Mapping[str, str],
) -> dict[ScheduleKey, AccountSchedule]:
    """Schedules as vendors report them, each account's default one marked.

    Holidays name a schedule by its id, by its name (from settings), or all of them.
    """
    weeks: dict[ScheduleKey, list[OpenHours]] = defaultdict(list)
    for span in hours:
        weeks[span.account, span.schedule_id].append(span)
    defaults = default_schedules((span for week in weeks.values() for span in week), wanted)
    return {
        (account, schedule_id): AccountSchedule(
            Schedule(
                iana_zone(week[-1].time_zone, zones),
                tuple((span.starts_minute, span.ends_minute) for span in week),
                tuple(span for key in _keys(week) for span in closed.get(key, ())),
                tuple(part for key in _keys(week) for part in parts.get(key, ())),
            ),
            is_default=schedule_id == defaults[account].schedule_id,
        )
        for (account, schedule_id), week in sorted(weeks.items(), key=lambda one: one[0])
    }


def _keys(week: Sequence[OpenHours]) -> Iterable[ScheduleKey]:
    """The names under which holidays know a schedule."""
    last = week[-1]
    names = dict.fromkeys((last.schedule_id, last.name or last.schedule_id, EVERY_SCHEDULE))
    return ((last.account, name) for name in names)


class DefaultSchedule(NamedTuple):
    """The schedule of tickets that name none, and what decided it."""

    schedule_id: str
    decided_by: str


def default_schedules(
    hours: Iterable[OpenHours], wanted: Mapping[str, str]
) -> dict[str, DefaultSchedule]:
    """Which schedule of each account is used by tickets that name none.

    `wanted` are the accounts' settings. Without one that is there, the vendor's mark decides, then
    the place in the vendor's list, then whether there is only one. What is left is `unknown`: the
    shortest and smallest id is taken, and an alert says so.
    """
    by_account: dict[str, list[OpenHours]] = defaultdict(list)
    for span in hours:
        by_account[span.account].append(span)
    return {
        account: _default_of(listed, wanted.get(account, ""))
        for account, listed in by_account.items()
    }


def _default_of(listed: Sequence[OpenHours], wanted: str) -> DefaultSchedule:
    named = {one.schedule_id for one in listed if wanted in (one.schedule_id, one.name)}
    marked = {one.schedule_id for one in listed if one.is_default}
    places = [
        (one.position, one.schedule_id)
        for one in listed
        if one.position is not None and (one.schedule_id in marked or not marked)
    ]
    everything = marked or {one.schedule_id for one in listed}
    if wanted and len(named) == 1:
        return DefaultSchedule(named.pop(), "setting")
    if len(marked) == 1:
        return DefaultSchedule(marked.pop(), "mark")
    if places:
        return DefaultSchedule(min(places)[1], "order")
    smallest = min(everything, key=lambda schedule_id: (len(schedule_id), schedule_id))
    return DefaultSchedule(smallest, "only one" if len(everything) == 1 else "unknown")


def _closed_days(
    holidays: Sequence[Holiday], own: Mapping[str, AccountSettings], first: date, last: date
) -> dict[ScheduleKey, Spans]:
    """Closed days by account and schedule: as reported, else the public ones of the settings."""
    closed: dict[ScheduleKey, Spans] = defaultdict(tuple)
    for holiday in holidays:
        if holiday.from_minute is None:
            closed[holiday.account, holiday.schedule_id] += ((holiday.first_on, holiday.last_on),)
    reported = {holiday.account for holiday in holidays}
    for name, account in own.items():
        if account.holiday_country and name not in reported:
            closed[name, EVERY_SCHEDULE] = _public_holidays(account.holiday_country, first, last)
    return closed


def _parts_of_days(holidays: Iterable[Holiday]) -> dict[ScheduleKey, tuple[PartOfDay, ...]]:
    """Days that are otherwise in part, by account and schedule."""
    parts: dict[ScheduleKey, tuple[PartOfDay, ...]] = defaultdict(tuple)
    for day in holidays:
        if day.from_minute is not None and day.to_minute is not None:
            parts[day.account, day.schedule_id] += (
                PartOfDay(day.first_on, day.last_on, day.from_minute, day.to_minute, day.is_open),
            )
    return parts


def _default_schedule(
    business: BusinessSettings, own: AccountSettings | None, first: date, last: date
) -> Schedule:
    zone, hours, country = (own.time_zone, own.hours, own.holiday_country) if own else ("", "", "")
    country = country or business.holiday_country
    closed = _public_holidays(country, first, last) if country else ()
    return Schedule(
        zone or business.time_zone, parse_hours(hours or business.default_hours), closed
    )


def _public_holidays(written: str, first: date, last: date) -> Spans:
    return tuple((day, day) for day in public_holidays(parse_regions(written), first, last))


@cache
def _pieces(schedule: Schedule, first: date, last: date) -> list[Segment]:
    # two days more on either side: an instant's UTC day can differ from its local one
    return segments(schedule, first - timedelta(days=2), last + timedelta(days=2))
