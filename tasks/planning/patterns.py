"""Shift patterns as people write them: `Mon-Fri 08:00-16:30 break 30`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tasks.errors import ConfigurationError
from tasks.planning.roster import Shift

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WRITTEN = re.compile(r"(\w{3})(?:-(\w{3}))? (\d{2}):(\d{2})-(\d{2}):(\d{2})(?: break (\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A shift on some weekdays (0 Monday), minutes of the local day, with an unpaid break in its
    middle.
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
        """The shift over a day's intervals, which begin at these minutes of the local clock.

        One counts if all of it is worked.
        """
        middle = (self.starts + self.ends) / 2
        low, high = middle - self.pause / 2, middle + self.pause / 2
        covers = []
        for place, begin in enumerate(begins):
            end = begin + minutes
            if (
                begin >= self.starts
                and end <= self.ends
                and (end <= low or begin >= high or not self.pause)
            ):
                covers.append(place)
        return Shift(self.name, tuple(covers), (self.ends - self.starts - self.pause) / 60)


def parse_shifts(written: Sequence[str]) -> list[ShiftPattern]:
    """Patterns in order. Raises ConfigurationError for one that cannot be read."""
    found = []
    for text in written:
        match = _WRITTEN.fullmatch(text.strip())
        if not match or match[1] not in _DAYS or (match[2] or match[1]) not in _DAYS:
            raise ConfigurationError(
                f"planning.shifts: {text!r} is not like 'Mon-Fri 08:00-16:30 break 30'"
            )
        low, high = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
        pause = int(match[7] or 0)
        if not 0 <= low < high <= 1440 or pause >= high - low:
            raise ConfigurationError(f"planning.shifts: {text!r} ends before it begins")
        first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
        weekdays = frozenset((first + i) % 7 for i in range((last - first) % 7 + 1))
        found.append(ShiftPattern(text.strip(), weekdays, low, high, pause))
    return found
