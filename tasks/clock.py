"""Now, windows and time zones: instants are aware and UTC, in whole seconds by default."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

_FREQUENCY = {"day": DAILY, "week": WEEKLY, "month": MONTHLY, "year": YEARLY}
_RECURS_UNTIL = date(2050, 12, 31)  # for holidays that recur without an end


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open span of time asked for: start included, end not."""

    start: datetime
    end: datetime


def now() -> datetime:
    """The present second, UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def parse_instant(text: str) -> datetime:
    """ISO date or instant; without an offset it is UTC. Raises ValueError."""
    return as_utc(datetime.fromisoformat(text.strip()))


def as_utc(instant: datetime) -> datetime:
    """The instant in UTC; without an offset it is UTC already."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def midnight(day: date, zone: str) -> datetime:
    """The instant (UTC) at which a local day begins.

    Where midnight is skipped, the first instant after the gap.
    """
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day in a zone that an instant falls on."""
    return instant.astimezone(ZoneInfo(zone)).date()


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def minute_of_day(text: str) -> int:
    """Minutes from midnight of a time such as 08:30 or 08:30:00.000Z."""
    return int(text[:2]) * 60 + int(text[3:5])


def from_epoch(seconds: float | None) -> str | None:
    """Unix seconds as text with a zone; None for none."""
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def occurrences(
    first: date,
    until: date | None,
    *,
    every: str,
    interval: int = 1,
    month: int | None = None,
    day: int | None = None,
    weekdays: Sequence[int] = (),
    nth: int | None = None,
) -> list[date]:
    """Days of a holiday that recurs every day, week, month or year, from `first` to 2050 at most.

    `weekdays` (0 is Monday) with `nth` is the nth such day of the month or year, -1 the last.
    Raises ValueError or KeyError for an impossible rule.
    """
    rule = rrule(
        _FREQUENCY[every],
        dtstart=datetime.combine(first, datetime.min.time()),
        interval=interval,
        bymonth=month,
        bymonthday=day,
        byweekday=[weekday(number) for number in weekdays] or None,
        bysetpos=nth,
        until=datetime.combine(min(until or _RECURS_UNTIL, _RECURS_UNTIL), datetime.min.time()),
    )
    return [instant.date() for instant in rule]
