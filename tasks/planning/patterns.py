"""Shift patterns as people write them: `Mon-Fri 08:00-16:30 break 30`, `Sun-Thu 22:00-06:00`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tasks.errors import ConfigurationError
from tasks.planning.roster import Shift
from tasks.weekly import MINUTES_A_DAY, parse_shift


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A shift that begins on some weekdays (0 Monday), with an unpaid break in its middle.

    `starts` and `ends` are minutes of the local day on which it begins; a night shift ends past
    1440. `pause` is minutes.
    """

    name: str
    weekdays: frozenset[int]
    starts: int
    ends: int
    pause: int

    @property
    def is_overnight(self) -> bool:
        """Whether the shift ends on the day after it began."""
        return self.ends > MINUTES_A_DAY

    @property
    def paid_hours(self) -> float:
        """Hours paid for one person."""
        return (self.ends - self.starts - self.pause) / 60

    def works(self, day: date) -> bool:
        """Whether the shift begins on the weekday of `day`."""
        return day.weekday() in self.weekdays

    def over(self, begins: Sequence[int], minutes: int) -> Shift:
        """The shift over intervals of `minutes`, which begin at these local minutes.

        They count from the day on which it begins. An interval counts if all of it is worked.
        """
        covers = tuple(
            place for place, begin in enumerate(begins) if self._is_worked(begin, begin + minutes)
        )
        return Shift(self.name, covers, self.paid_hours)

    def _is_worked(self, begin: float, end: float) -> bool:
        if begin < self.starts or end > self.ends:
            return False
        middle = (self.starts + self.ends) / 2
        pause_starts, pause_ends = middle - self.pause / 2, middle + self.pause / 2
        return not self.pause or end <= pause_starts or begin >= pause_ends


def parse_shifts(written: Sequence[str]) -> list[ShiftPattern]:
    """Patterns in order. Raises ConfigurationError for one that cannot be read, or twice."""
    patterns = [_pattern(text.strip()) for text in written]
    names = [pattern.name for pattern in patterns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"planning.shifts: {twice[0]!r} stands there twice")
    return patterns


def _pattern(text: str) -> ShiftPattern:
    try:
        shift = parse_shift(text)
    except ConfigurationError as wrong:
        raise ConfigurationError(f"planning.shifts: {wrong}") from None
    weekdays = frozenset((weekday - 1) % 7 for weekday in shift.weekdays)  # from Monday on
    return ShiftPattern(text, weekdays, shift.starts, shift.ends, shift.pause)
