"""ServiceNow: the weekly hours and the closed days that the spans of schedules make.

A schedule is open in its own spans and in those of the schedules that it includes, but not where a
span of type `exclude` lies. A schedule that it excludes closes it where that one is open. Facts: a
real instance's export (spans of type exclude, links of type include, repeats of weekdays and
daily).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tasks.clock import occurrences

FLOATING = "floating"  # hours of whoever looks: the account's setting says which zone is meant
WEEK = 7 * 1440
OPEN, CLOSED = "", "exclude"
NO_HOURS = {"on_call", "time_off", "appointment", "meeting"}  # of people, and not of a desk
WEEKDAYS = {  # Monday is 1, as in days_of_week
    "daily": "1234567",
    "weekdays": "12345",
    "weekends": "67",
    "weekMWF": "135",
    "weekTT": "24",
}
NO_GAPS = (None, "", "0", "1")
ON_DAYS = {"weekly", "specific"}  # days_of_week means something only here
NTH = {
    "1": 1,
    "2": 2,
    "3": 3,
    "4": 4,
    "last": -1,
}

Interval = tuple[int, int]  # minutes since Sunday 00:00
Intervals = list[Interval]
Texts = Mapping[str, str]
Records = Mapping[str, Sequence[Texts]]  # of spans, by schedule


@dataclass(frozen=True, slots=True)
class Span:
    """One span of a schedule, with its times on the schedule's own clock."""

    record: Texts
    starts: datetime
    ends: datetime
    closes: bool

    @property
    def name(self) -> str:
        """What people call it."""
        return self.record.get("name") or self.record["sys_id"]

    @property
    def repeat(self) -> str:
        """How it repeats; "" for once."""
        return self.record.get("repeat_type") or ""

    @property
    def until(self) -> date | None:
        """Its last day, None where it never ends."""
        text = self.record.get("repeat_until") or ""
        return _day(text) if text.strip("0-") else None

    @property
    def is_weekly(self) -> bool:
        """Whether it is the same in every week."""
        return self.repeat in WEEKDAYS or self.repeat in ON_DAYS

    @property
    def length(self) -> timedelta:
        """From its start to its end."""
        return self.ends - self.starts

    @property
    def is_whole_days(self) -> bool:
        """From a midnight to one, or to the second before it."""
        return _minute(self.starts) == _minute(self.ends) == 0


@dataclass(slots=True)
class Hours:
    """What a schedule's spans make: hours of the week, days that are closed, what is left out."""

    intervals: list[Interval] = field(default_factory=list)
    closed: list[tuple[Span, date]] = field(default_factory=list)
    doubts: list[tuple[Span, str]] = field(default_factory=list)

    @property
    def has_weekly_doubt(self) -> bool:
        """Whether hours of the week are among what is left out."""
        return any(span.is_weekly for span, _ in self.doubts)


def span_of(record: Texts, *, reverse: bool = False) -> Span:
    """A record as a span; `reverse` for one of a schedule that another excludes.

    Raises ValueError, with the reason, for one that cannot be read.
    """
    kind = record.get("type") or OPEN
    if kind not in {OPEN, CLOSED}:
        raise ValueError(f"type {kind!r} is not known")
    if reverse and kind == CLOSED:
        raise ValueError("it closes a schedule that another excludes; nothing says what holds then")
    zone = record.get("schedule.time_zone") or ""
    starts = _instant(record["start_date_time"], zone)
    ends = _instant(record["end_date_time"], zone)
    if ends.second == 59:
        ends += timedelta(seconds=1)
    if ends <= starts:
        raise ValueError(f"it ends {ends:%Y-%m-%d %H:%M}, before it starts")
    closes = reverse or kind == CLOSED
    return Span(record, starts, ends, closes)


def hours_of(spans: Iterable[Span]) -> Hours:
    """Weekly hours and closed days of one schedule's spans."""
    hours = Hours()
    opened, breaks = list[Interval](), list[Interval]()
    for span in spans:
        doubt = _doubt(span)
        if doubt:
            hours.doubts.append((span, doubt))
        elif span.is_weekly:
            kind = breaks if span.closes else opened
            kind.extend(_in_week(span))
        else:
            hours.closed += [(span, day) for day in _days(span)]
    hours.intervals = _without(_joined(opened), _joined(breaks))
    return hours


def _doubt(span: Span) -> str:
    """Why a span cannot be kept as hours of every week or as closed days, "" if it can."""
    every = span.record.get("repeat_count")
    if every not in NO_GAPS:
        return f"it repeats only every {every} times"
    if span.is_weekly:
        return "hours that end are not kept" if span.until else _doubt_of_days(span)
    if not span.closes:
        return f"it opens {span.repeat or 'once'}, and only hours of every week are kept"
    if span.repeat not in {"", "yearly"}:
        return f"it closes {span.repeat}, which is not known"
    if not span.is_whole_days:
        return "it closes a part of a day, and only whole days are kept"
    is_floating = span.repeat == "yearly" and span.record.get("yearly_type") == "float"
    if is_floating and span.record.get("float_week") not in NTH:
        return f"float_week {span.record.get('float_week')!r} is not known"
    return ""


def _doubt_of_days(span: Span) -> str:
    days = span.record.get("days_of_week") or ""
    if span.repeat in ON_DAYS and not re.fullmatch(r"[1-7]+", days):
        return f"days_of_week {days!r} names no day"
    is_too_long = span.length > timedelta(days=7)
    return "it is longer than a week" if is_too_long else ""


def _in_week(span: Span) -> Iterator[Interval]:
    """A weekly span on each of its days, cut where the week ends."""
    days = WEEKDAYS.get(span.repeat) or span.record["days_of_week"]
    length = span.length // timedelta(minutes=1)
    for day in sorted(set(days)):
        start = int(day) % 7 * 1440 + _minute(span.starts)
        yield start, min(start + length, WEEK)
        if start + length > WEEK:
            yield 0, start + length - WEEK


def _days(span: Span) -> Sequence[date]:
    """The first days on which a span closes: one, or one in each year."""
    first, record = span.starts.date(), span.record
    if span.repeat != "yearly":
        return [first]
    if record.get("yearly_type") != "float":
        return occurrences(
            first,
            span.until,
            every="year",
            month=first.month,
            day=first.day,
        )
    return occurrences(
        first,
        span.until,
        every="year",
        month=int(record["month"]),
        weekdays=[(int(record["float_day"]) - 2) % 7],  # from Sunday as 1 to Monday as 0
        nth=NTH[record["float_week"]],
    )


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals in order, those that touch or overlap as one."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if not joined or start > joined[-1][1]:
            joined.append((start, end))
            continue
        first, last = joined.pop()
        joined.append((first, max(last, end)))
    return joined


def _without(opened: Intervals, breaks: Intervals) -> Intervals:
    """What is left of the open intervals."""
    left = opened
    for low, high in breaks:
        before = [(start, min(end, low)) for start, end in left]
        after = [(max(start, high), end) for start, end in left]
        left = [part for part in before + after if part[0] < part[1]]
    return sorted(left)


def _minute(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _day(text: str) -> date:
    """The day of a date that is written with or without hyphens."""
    return date.fromisoformat(text[:10] if "-" in text else text[:8])


def _instant(text: str, zone: str) -> datetime:
    """A time on the schedule's clock: 20260101T080000, or 2026-01-01 08:00:00.

    With Z it is UTC, and comes to the schedule's zone.
    """
    digits = re.sub(r"\D", "", text)
    local = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - wall time of the schedule
    if not text.endswith("Z"):
        return local
    if not zone:
        raise ValueError("a time in UTC in a schedule without a time zone")
    here = local.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return here.replace(tzinfo=None)


def sources(
    schedule: str,
    records: Records,
    links: Iterable[Texts],
) -> Iterator[tuple[Texts, bool]]:
    """The records of a schedule and of those that it includes or, reversed, excludes."""
    seen, waiting = {schedule}, [(schedule, False)]
    while waiting:
        one, reverse = waiting.pop()
        for record in records.get(one, ()):
            yield record, reverse
        for link in links:
            child = link["child_schedule"]
            if link["schedule"] == one and child not in seen:
                seen.add(child)
                is_excluded = link.get("type") == CLOSED
                waiting.append((child, reverse or is_excluded))


def spans_of(
    schedule: str,
    records: Records,
    links: Sequence[Texts],
) -> tuple[list[Span], list[str]]:
    """The spans that count for a schedule, and what is wrong with those that cannot be read."""
    spans, wrong = list[Span](), list[str]()
    for record, reverse in sources(schedule, records, links):
        if record.get("type") in NO_HOURS:
            continue
        try:
            spans.append(span_of(record, reverse=reverse))
        except (ValueError, KeyError, LookupError) as trouble:
            wrong.append(f"{record.get('name') or record.get('sys_id')}: {trouble}")
    return spans, wrong
