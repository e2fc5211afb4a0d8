"""Business time: open spans in UTC of weekly schedules and holidays, by the tz database.

UTC days are stored as open and closed pieces with the open seconds before them, so that the open
seconds between two instants are one subtraction of two look-ups: `open_at(b) - open_at(a)`. Right
across zones, DST changes and holidays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tasks.clock import days
from tasks.errors import ConfigurationError
from tasks.weekly import MINUTES_A_DAY, MINUTES_A_WEEK

SECONDS_A_DAY = 86_400


class PartOfDay(NamedTuple):
    """Minutes of each of some local days that are closed, or open in place of the usual hours."""

    first: date
    last: date
    from_minute: int
    to_minute: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekly intervals, closed spans of whole local days, and days that are otherwise in part.

    An interval is (start, end) in minutes since Sunday 00:00 of the local wall clock.
    """

    zone: str
    intervals: tuple[tuple[int, int], ...]
    closed: tuple[tuple[date, date], ...] = ()
    parts: tuple[PartOfDay, ...] = ()

    def is_closed(self, day: date) -> bool:
        """The local day is a holiday."""
        return any(first <= day <= last for first, last in self.closed)

    def hours_of(self, day: date) -> list[tuple[int, int]]:
        """Open minutes of a local day since its midnight, without what is closed of it."""
        if self.is_closed(day):
            return []
        parts = [part for part in self.parts if part.first <= day <= part.last]
        before = (day.isoweekday() % 7) * MINUTES_A_DAY
        usual = [
            (max(start - before, 0), min(end - before, MINUTES_A_DAY))
            for start, end in _with_week_wrap(self.intervals)
        ]
        hours = [(part.from_minute, part.to_minute) for part in parts if part.is_open] or usual
        for part in parts:
            if not part.is_open:
                hours = list(_without(hours, part.from_minute, part.to_minute))
        return [(start, end) for start, end in hours if start < end]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a UTC day that is open or closed, in seconds since UTC midnight.

    `open_before` are the open seconds before it.
    """

    utc_day: date
    from_second: int
    to_second: int
    is_open: bool
    open_before: int


@dataclass(frozen=True, slots=True)
class Due:
    """Running totals (open_from, open_to] of one whole open hour, reached from `starts_at` on."""

    open_hour: int
    open_from: int
    open_to: int
    starts_at: datetime


def open_spans(schedule: Schedule, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """Open spans (UTC) of the local days from first to last, in order, overlaps united.

    An instant is open when its wall-clock time lies in an interval and its local day is not a
    holiday. A skipped hour opens nothing; an hour that occurs twice counts twice.
    """
    spans: list[tuple[datetime, datetime]] = []
    for low, high, offset in _offsets(ZoneInfo(schedule.zone), first, last):
        for day in days((low + offset).date(), (high + offset).date()):
            if not first <= day <= last:
                continue
            midnight = datetime.combine(day, time(0), UTC) - offset  # of the wall clock
            for start, end in schedule.hours_of(day):
                opens = midnight + timedelta(minutes=start)
                closes = midnight + timedelta(minutes=end)
                span = (max(opens, low), min(closes, high))
                if span[0] < span[1]:
                    spans.append(span)
    return _united(sorted(spans))


def _without(
    hours: Iterable[tuple[int, int]], closes: int, opens: int
) -> Iterator[tuple[int, int]]:
    """Hours of a day without those in which it is closed."""
    for start, end in hours:
        yield start, min(end, closes)
        yield max(start, opens), end


def _with_week_wrap(intervals: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Intervals, with the part past Saturday midnight on Sunday."""
    for start, end in intervals:
        yield start, end
        if end > MINUTES_A_WEEK:
            yield start - MINUTES_A_WEEK, end - MINUTES_A_WEEK


def _offsets(zone: ZoneInfo, first: date, last: date) -> list[tuple[datetime, datetime, timedelta]]:
    """Spans (UTC) of constant offset that cover the local days from first to last."""
    instant = datetime.combine(first - timedelta(days=1), time(0), UTC)
    end = datetime.combine(last + timedelta(days=2), time(0), UTC)
    pieces: list[tuple[datetime, datetime, timedelta]] = []
    start, offset = instant, _offset(instant, zone)
    while instant < end:
        following = instant + timedelta(days=1)
        if _offset(following, zone) != offset:
            change = _change(instant, following, zone)
            pieces.append((start, change, offset))
            start, offset = change, _offset(change, zone)
            instant = change
            continue
        instant = following
    return [*pieces, (start, instant, offset)]


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the offset changes between two instants that differ in it."""
    before = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _united(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    united: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def segments(schedule: Schedule, first: date, last: date) -> list[Segment]:
    """Pieces that cover every UTC day from first to last without a gap, in order."""
    by_day = _by_utc_day(open_spans(schedule, first - timedelta(days=2), last + timedelta(days=2)))
    pieces, total = [], 0
    for day in days(first, last):
        at = 0
        for low, high in by_day.get(day, ()):
            if at < low:
                pieces.append(Segment(day, at, low, False, total))
            pieces.append(Segment(day, low, high, True, total))
            total += high - low
            at = high
        if at < SECONDS_A_DAY:
            pieces.append(Segment(day, at, SECONDS_A_DAY, False, total))
    return pieces


def _by_utc_day(spans: Iterable[tuple[datetime, datetime]]) -> dict[date, list[tuple[int, int]]]:
    """Spans cut at UTC midnight, in seconds since it."""
    by_day: dict[date, list[tuple[int, int]]] = {}
    for opens, closes in spans:
        start = opens
        while start < closes:
            day = start.date()
            midnight = datetime.combine(day, time(0), UTC)
            stop = min(closes, midnight + timedelta(days=1))
            seconds = [int((edge - midnight).total_seconds()) for edge in (start, stop)]
            by_day.setdefault(day, []).append((seconds[0], seconds[1]))
            start = stop
    return by_day


def dues(pieces: Iterable[Segment]) -> list[Due]:
    """The open pieces cut at whole open hours.

    They find the instant at which the running total reaches a value.
    """
    listed = []
    for piece in pieces:
        at, end = piece.open_before, piece.open_before + piece.to_second - piece.from_second
        base = datetime.combine(piece.utc_day, time(0), UTC) + timedelta(seconds=piece.from_second)
        while piece.is_open and at < end:
            hour = at // 3600
            stop = min(end, (hour + 1) * 3600)
            starts_at = base + timedelta(seconds=at - piece.open_before)
            listed.append(Due(hour, at, stop, starts_at))
            at = stop
    return listed


def open_seconds(schedule: Schedule, start: datetime, end: datetime) -> int:
    """Open seconds between two instants."""
    first = start.astimezone(UTC).date() - timedelta(days=2)
    last = end.astimezone(UTC).date() + timedelta(days=2)
    spans = open_spans(schedule, first, last)
    return int(
        sum(max(0.0, (min(end, high) - max(start, low)).total_seconds()) for low, high in spans)
    )


def iana_zone(written: str, known: Mapping[str, str]) -> str:
    """The IANA name of a zone as a vendor writes it; `known` maps other names.

    Raises ConfigurationError.
    """
    name = known.get(written, written)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"time zone {written!r} is not known; add it to sql/staging/time_zone_map.csv"
        ) from None
    return name


def workdays(first: date, last: date, schedules: Iterable[Schedule]) -> dict[date, bool]:
    """For each day whether any of the schedules is open on it, if only after midnight."""
    listed = list(schedules)
    return {day: any(schedule.hours_of(day) for schedule in listed) for day in days(first, last)}
