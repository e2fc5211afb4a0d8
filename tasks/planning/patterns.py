"""Shift patterns as people write them: `Mon-Fri 08:00-16:30 break 30`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tasks.errors import ConfigurationError
from tasks.planning.roster import Shift

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTES_A_DAY = 1440
_WRITTEN = re.compile(
    r"(?P<first>\w{3})(?:-(?P<last>\w{3}))?"
    r" (?P<start>\d{2}:\d{2})-(?P<end>\d{2}:\d{2})"
    r"(?: break (?P<pause>\d{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A shift on some weekdays (0 Monday), with an unpaid break in its middle.

    `starts` and `ends` are minutes of the local day, `pause` is minutes.
    """

    name: str
    weekdays: frozenset[int]
    starts: int
    ends: int
    pause: int

    def works(self, day: date) -> bool:
        """Whether the shift is worked on the weekday of `day`."""
        return day.weekday() in self.weekdays

    def over(self, begins: Sequence[int], minutes: int) -> Shift:
        """The shift over a day's intervals of `minutes`, which begin at these local minutes.

        An interval counts if all of it is worked.
        """
        covers = tuple(
            place for place, begin in enumerate(begins) if self._is_worked(begin, begin + minutes)
        )
        return Shift(self.name, covers, (self.ends - self.starts - self.pause) / 60)

    def _is_worked(self, begin: float, end: float) -> bool:
        if begin < self.starts or end > self.ends:
            return False
        middle = (self.starts + self.ends) / 2
        pause_starts, pause_ends = middle - self.pause / 2, middle + self.pause / 2
        return not self.pause or end <= pause_starts or begin >= pause_ends


def parse_shifts(written: Sequence[str]) -> list[ShiftPattern]:
    """Patterns in order. Raises ConfigurationError for one that cannot be read."""
    return [_pattern(text) for text in written]


def _pattern(text: str) -> ShiftPattern:
    match = _WRITTEN.fullmatch(text.strip())
    first_day = match["first"] if match else ""
    last_day = (match["last"] if match else "") or first_day
    if not match or first_day not in _DAYS or last_day not in _DAYS:
        raise ConfigurationError(
            f"planning.shifts: {text!r} is not like 'Mon-Fri 08:00-16:30 break 30'"
        )
    starts, ends = _minutes(match["start"]), _minutes(match["end"])
    pause = int(match["pause"] or 0)
    if not 0 <= starts < ends <= _MINUTES_A_DAY or pause >= ends - starts:
        raise ConfigurationError(f"planning.shifts: {text!r} ends before it begins")
    first, last = _DAYS.index(first_day), _DAYS.index(last_day)
    weekdays = frozenset((first + later) % 7 for later in range((last - first) % 7 + 1))
    return ShiftPattern(text.strip(), weekdays, starts, ends, pause)


def _minutes(clock: str) -> int:
    """Minutes from midnight of a time written as 08:30."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
