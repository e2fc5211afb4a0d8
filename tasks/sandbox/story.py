"""What the organisation's story is made of: schedules, teams, people, tickets and what happens to
them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

FIRST_REPLY_MINUTES = {
    "urgent": 60,
    "high": 240,
    "normal": 480,
    "low": 960,
}
RESOLUTION_MINUTES = {
    "urgent": 480,
    "high": 1440,
    "normal": 2880,
    "low": 5760,
}


@cache
def _holidays(country: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year))


Span = tuple[datetime, datetime]
_DAY = 1440
_WEEKDAYS = (1, 2, 3, 4, 5)
_EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekly open hours in one zone, closed on the public holidays of a country.

    `opens` and `closes` are hours of the day; hours that close before they open last until the
    next morning. `days` count from Sunday, 0. `pause` is the hour of a break. Without a country,
    no holiday closes it.
    """

    number: int
    name: str
    zone: str
    country: str
    opens: int = 8
    closes: int = 18
    days: tuple[int, ...] = _WEEKDAYS
    pause: int | None = None

    def is_holiday(self, day: date) -> bool:
        return day in _holidays(self.country, day.year)

    def holidays_of(self, first: date, last: date) -> list[date]:
        """The closed days of a span."""
        return sorted(
            d for year in range(first.year, last.year + 1) for d in _holidays(self.country, year)
        )

    @property
    def week(self) -> list[tuple[int, int]]:
        """Open intervals in minutes from Sunday on, each within one day."""
        found = []
        for day in self.days:
            for low, high in self._of_a_day():
                found.append((day * _DAY + low, day * _DAY + min(high, _DAY)))
                if high > _DAY:
                    morning = (day + 1) % 7 * _DAY
                    found.append((morning, morning + high - _DAY))
        return sorted(found)

    def _of_a_day(self) -> list[tuple[int, int]]:
        """Minutes of a day; those beyond it belong to the next one."""
        low, high = self.opens * 60, self.closes * 60
        high += _DAY if high <= low else 0
        if self.pause is None:
            return [(low, high)]
        return [(low, self.pause * 60), (self.pause * 60 + 60, high)]

    def open_on(self, day: date) -> list[Span]:
        """The open spans of a local day, UTC; none when closed."""
        if self.is_holiday(day):
            return []
        zone, start = ZoneInfo(self.zone), day.isoweekday() % 7 * _DAY
        inside = [(low - start, high - start) for low, high in self.week]
        return [
            (_at_minute(day, low, zone), _at_minute(day, high, zone))
            for low, high in inside
            if 0 <= low < _DAY
        ]

    def after(self, instant: datetime, seconds: float) -> datetime:
        """The instant at which so many open seconds have passed."""
        day = instant.astimezone(ZoneInfo(self.zone)).date()
        while True:
            for span in _open_on(self, day):
                start = max(span[0], instant)
                room = (span[1] - start).total_seconds()
                if room > 0 and seconds <= room:
                    return (start + timedelta(seconds=seconds)).replace(microsecond=0)
                seconds -= max(room, 0)
            day += timedelta(days=1)

    def open_seconds(self, start: datetime, end: datetime) -> float:
        """Open seconds between two instants."""
        zone = ZoneInfo(self.zone)
        day, last, total = start.astimezone(zone).date(), end.astimezone(zone).date(), 0.0
        while day <= last:
            for low, high in _open_on(self, day):
                total += max(0.0, (min(high, end) - max(low, start)).total_seconds())
            day += timedelta(days=1)
        return total


def _at_minute(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant of a wall time of a day; minute 1,440 is the next midnight."""
    of_day = day + timedelta(days=minute // _DAY)
    wall = time(minute % _DAY // 60, minute % 60)
    return datetime.combine(of_day, wall, zone).astimezone(UTC)


@cache
def _open_on(schedule: Schedule, day: date) -> list[Span]:
    return schedule.open_on(day)


@dataclass(frozen=True, slots=True)
class Team:
    """A team of agents at one desk (the helpdesk it works in).

    Agents work by `schedule`; the hours of its tickets are those of `promised`.
    """

    number: int
    name: str
    desk: str
    schedule: Schedule
    share: float
    promised: Schedule


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who works on tickets. `left` is the day they left, if they did."""

    number: int
    name: str
    email: str
    team: Team
    hired: date
    left: date | None = None

    def works_on(self, day: date) -> bool:
        return self.hired <= day and (self.left is None or day < self.left)


@dataclass(frozen=True, slots=True)
class Company:
    """An organization that buys from Alder & Finch."""

    number: int
    name: str
    domain: str
    country: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, at a company or on their own."""

    number: int
    name: str
    email: str
    company: Company | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a ticket.

    `field`: status, assignee, team or priority; values are statuses, names or numbers.
    """

    at: datetime
    field: str
    before: str | None
    after: str | None
    actor: int


@dataclass(frozen=True, slots=True)
class Note:
    """One message. `author` is a person's or an agent's number by `role`."""

    at: datetime
    role: str
    author: int
    is_public: bool
    text: str


@dataclass(frozen=True, slots=True)
class Rating:
    """A satisfaction survey: offered at, and the answer if one came."""

    offered_at: datetime
    answered_at: datetime | None
    score: int | None


@dataclass(slots=True)
class Ticket:
    """A ticket with its whole life."""

    number: int
    desk: str
    created_at: datetime
    requester: Person
    team: Team
    channel: str
    priority: str
    topic: str
    kind: str
    changes: list[Change] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rating: Rating | None = None
    deleted_at: datetime | None = None
    merged_into: int | None = None
    merged_at: datetime | None = None
    minutes_worked: int = 0
    problem: bool = False

    def known_at(self, now: datetime) -> bool:
        return self.created_at <= now

    def changes_until(self, now: datetime) -> list[Change]:
        return [c for c in self.changes if c.at <= now]

    def notes_until(self, now: datetime) -> list[Note]:
        return [n for n in self.notes if n.at <= now]

    def value_at(self, field_name: str, now: datetime) -> str | None:
        """The value of a field after all changes up to now."""
        found: str | None = None
        for change in self.changes:
            if change.field == field_name and change.at <= now:
                found = change.after
        return found

    def updated_at(self, now: datetime) -> datetime:
        """The last thing that happened up to now."""
        instants = [self.created_at, *(c.at for c in self.changes), *(n.at for n in self.notes)]
        instants += [i for i in (self.deleted_at, self.merged_at) if i]
        if self.rating:
            instants += [i for i in (self.rating.offered_at, self.rating.answered_at) if i]
        return max(i for i in instants if i <= now)


@dataclass(frozen=True, slots=True)
class Score:
    """An answer to the yearly relationship survey (0-10) or to the effort question after a ticket
    (1-7).
    """

    number: int
    survey: str
    at: datetime
    person: Person
    ticket: int | None
    value: int
    seconds: int


BERLIN = Schedule(1, "EMEA hours", "Europe/Berlin", "DE")
NEW_YORK = Schedule(2, "Americas hours", "America/New_York", "US")
LUNCH = Schedule(3, "Billing hours", "Europe/Berlin", "DE", opens=9, closes=17, pause=12)
ALWAYS = Schedule(4, "Around the clock", "Europe/Berlin", "", 0, 24, days=_EVERY_DAY)
NIGHTS = Schedule(5, "Night desk", "America/New_York", "US", opens=22, closes=6)
SCHEDULES = (BERLIN, NEW_YORK, LUNCH, ALWAYS, NIGHTS)
