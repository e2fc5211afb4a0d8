"""Weekly times as people write them: `Mon-Fri 09:00-17:00`, `Sat 22:00-06:00 break 30`, `24x7`.

A span that ends no later than it begins ends on the next day.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.errors import ConfigurationError

DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
MINUTES_A_DAY = 1440
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
_ALWAYS = frozenset({"24x7", "24/7"})
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d|24:00"
_WRITTEN = re.compile(
    rf"(?P<first>\w{{3}})(?:-(?P<last>\w{{3}}))?"
    rf"(?P<spans>(?: (?:{_CLOCK})-(?:{_CLOCK}))+)"
    rf"(?: break (?P<pause>\d{{1,3}}))?"
)


class WeeklyTime(NamedTuple):
    """Spans on some weekdays (0 Sunday), in minutes of the local day; an end may be past 1440."""

    weekdays: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    pause: int


def parse_hours(text: str) -> tuple[tuple[int, int], ...]:
    """Opening hours as intervals in minutes since Sunday 00:00, in order.

    They are written as `Mon-Fri 09:00-17:00, Sat 10:00-14:00`, with a break as
    `Mon-Fri 08:00-12:00 13:00-17:00`, over midnight as `Mon-Fri 22:00-06:00`, or `24x7`. Raises
    ConfigurationError.
    """
    if text.strip().lower() in _ALWAYS:
        return tuple((day * MINUTES_A_DAY, (day + 1) * MINUTES_A_DAY) for day in range(7))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    intervals = tuple(sorted(interval for part in parts for interval in _weekly(part)))
    if not intervals:
        raise ConfigurationError("no opening hours; write them like 'Mon-Fri 09:00-17:00'")
    return intervals


def parse_weekly(text: str, example: str) -> WeeklyTime:
    """One part of weekly times. Raises ConfigurationError, which shows the example."""
    match = _WRITTEN.fullmatch(text.strip())
    first_day = match["first"] if match else ""
    last_day = (match["last"] if match else "") or first_day
    if not match or first_day not in DAYS or last_day not in DAYS:
        raise ConfigurationError(f"{text!r} is not like {example!r}")
    first, last = DAYS.index(first_day), DAYS.index(last_day)
    return WeeklyTime(
        tuple((first + later) % 7 for later in range((last - first) % 7 + 1)),
        tuple(_span(written, text) for written in match["spans"].split()),
        int(match["pause"] or 0),
    )


class WrittenShift(NamedTuple):
    """A shift on some weekdays (0 Sunday); one that ends past 1440 ends on the next day."""

    weekdays: tuple[int, ...]
    starts: int
    ends: int
    pause: int


def parse_shift(text: str) -> WrittenShift:
    """A shift written as `Mon-Fri 22:00-06:00 break 30`. Raises ConfigurationError."""
    weekly = parse_weekly(text, "Mon-Fri 08:00-16:30 break 30")
    if len(weekly.spans) > 1:
        raise ConfigurationError(f"{text!r} has two spans; a shift has one, with a break")
    starts, ends = weekly.spans[0]
    if weekly.pause >= ends - starts:
        raise ConfigurationError(f"{text!r} is no longer than its break")
    return WrittenShift(weekly.weekdays, starts, ends, weekly.pause)


def _weekly(part: str) -> Iterator[tuple[int, int]]:
    if part.lower() in _ALWAYS:
        raise ConfigurationError(f"{part!r} stands alone; leave out the other hours")
    weekly = parse_weekly(part, "Mon-Fri 09:00-17:00")
    if weekly.pause:
        raise ConfigurationError(
            f"{part!r}: opening hours have no break; write 'Mon-Fri 08:00-12:00 13:00-17:00'"
        )
    for weekday in weekly.weekdays:
        for starts, ends in weekly.spans:
            yield weekday * MINUTES_A_DAY + starts, weekday * MINUTES_A_DAY + ends


def _span(written: str, text: str) -> tuple[int, int]:
    starts, ends = (_minutes(clock) for clock in written.split("-"))
    if starts == MINUTES_A_DAY:
        raise ConfigurationError(f"{text!r} begins at 24:00; name the next day, from 00:00")
    if starts == ends:
        raise ConfigurationError(
            f"{text!r} ends when it begins; a whole day is written 00:00-24:00"
        )
    return starts, ends if ends > starts else ends + MINUTES_A_DAY


def _minutes(clock: str) -> int:
    """Minutes from midnight of a time written as 08:30."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
