"""Business time against brute force by the minute: distant zones, clock changes, holidays."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import ConfigurationError
from tasks.planning.business_time import (
    PartOfDay,
    Schedule,
    dues,
    iana_zone,
    open_seconds,
    segments,
    workdays,
)
from tasks.weekly import parse_hours

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "America/Santiago",
    "Asia/Kathmandu",
    "UTC",
)
OFFICE = parse_hours("Mon-Fri 09:00-17:00")


def brute(schedule: Schedule, start: datetime, end: datetime) -> int:
    """Ask every minute's wall clock."""
    zone, seconds, instant = ZoneInfo(schedule.zone), 0, start
    while instant < end:
        local = instant.astimezone(zone)
        minute = (local.isoweekday() % 7) * 1440 + local.hour * 60 + local.minute
        is_usual = any(
            low <= minute < high or low <= minute + 10_080 < high
            for low, high in schedule.intervals
        )
        if not schedule.is_closed(local.date()) and in_part(schedule, local, is_usual=is_usual):
            seconds += 60
        instant += timedelta(minutes=1)
    return seconds


def in_part(schedule: Schedule, local: datetime, *, is_usual: bool) -> bool:
    """Whether a minute is open after what its day has of its own."""
    minute = local.hour * 60 + local.minute
    parts = [p for p in schedule.parts if p.first <= local.date() <= p.last]
    inside = [p.is_open for p in parts if p.from_minute <= minute < p.to_minute]
    is_open = True in inside if any(p.is_open for p in parts) else is_usual
    return is_open and False not in inside


intervals = st.lists(
    st.tuples(st.integers(0, 10000), st.integers(1, 2000)).map(lambda p: (p[0], p[0] + p[1])),
    min_size=1,
    max_size=5,
).map(tuple)
parts = st.lists(
    st.builds(
        lambda day, length, low, more, is_open: PartOfDay(
            day, day + timedelta(days=length), low, min(low + more, 1440), is_open
        ),
        st.dates(date(2026, 10, 22), date(2026, 11, 3)),
        st.integers(0, 3),
        st.integers(0, 1439),
        st.integers(1, 900),
        st.booleans(),
    ),
    max_size=4,
).map(tuple)
months = st.sampled_from(
    [
        (2026, 3, 27),
        (2026, 4, 3),
        (2026, 9, 5),
        (2026, 10, 2),
        (2026, 10, 24),
        (2026, 10, 31),
        (2026, 12, 30),
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    weekly=intervals,
    start=months,
    offset=st.integers(0, 4000),
    length=st.integers(0, 6000),
    parts=parts,
)
def test_open_seconds_equal_the_wall_clock_minute_by_minute(
    zone, weekly, start, offset, length, parts
):
    schedule = Schedule(
        zone,
        weekly,
        ((date(2026, 3, 28), date(2026, 3, 30)), (date(2026, 10, 26), date(2026, 10, 26))),
        parts,
    )
    low = datetime(*start, tzinfo=UTC) + timedelta(minutes=offset)
    high = low + timedelta(minutes=length)
    assert open_seconds(schedule, low, high) == brute(schedule, low, high)


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    weekly=intervals,
    offsets=st.tuples(st.integers(0, 900_000), st.integers(0, 900_000)),
)
def test_two_look_ups_in_the_running_totals_give_the_same(zone, weekly, offsets):
    schedule = Schedule(zone, weekly)
    base = datetime(2026, 10, 20, tzinfo=UTC)
    low, high = sorted(base + timedelta(seconds=o) for o in offsets)
    table = segments(schedule, date(2026, 10, 18), date(2026, 11, 5))

    def open_at(instant: datetime) -> int:
        second = instant.hour * 3600 + instant.minute * 60 + instant.second
        piece = next(
            s
            for s in table
            if s.utc_day == instant.date() and s.from_second <= second < s.to_second
        )
        return piece.open_before + (second - piece.from_second if piece.is_open else 0)

    assert open_at(high) - open_at(low) == open_seconds(schedule, low, high)


@settings(max_examples=40, deadline=None)
@given(zone=st.sampled_from(ZONES), weekly=intervals, value=st.integers(1, 300_000))
def test_the_way_back_gives_the_first_instant_at_which_so_much_was_open(zone, weekly, value):
    schedule = Schedule(zone, weekly)
    start = datetime(2026, 10, 18, tzinfo=UTC)
    result = [
        d
        for d in dues(segments(schedule, start.date(), date(2026, 12, 31)))
        if d.open_hour == (value - 1) // 3600 and d.open_from < value <= d.open_to
    ]
    if not result:
        assert open_seconds(schedule, start, datetime(2027, 1, 1, tzinfo=UTC)) < value
        return
    due = result[0].starts_at + timedelta(seconds=value - result[0].open_from)
    assert len(result) == 1
    assert open_seconds(schedule, start, due) == value
    assert open_seconds(schedule, start, due - timedelta(seconds=1)) == value - 1


def test_an_office_day_in_berlin():
    schedule = Schedule("Europe/Berlin", OFFICE)
    friday, monday = (
        datetime(2026, 3, 27, 15, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 8, 0, tzinfo=UTC),
    )
    # Friday 16:00 to 17:00 local (UTC+1), Monday 09:00 to 10:00 local (UTC+2, the clocks changed on
    # Sunday)
    assert open_seconds(schedule, friday, monday) == 2 * 3600


def test_a_night_over_the_clock_change_is_an_hour_longer_or_shorter():
    nights = Schedule("Europe/Berlin", parse_hours("Sun 00:00-06:00"))
    assert (
        open_seconds(nights, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
        == 5 * 3600
    )
    assert (
        open_seconds(nights, datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))
        == 7 * 3600
    )


def test_the_pieces_of_every_utc_day_cover_it():
    rows = segments(Schedule("UTC", ()), date(2026, 1, 1), date(2026, 1, 31))
    assert [
        (r.utc_day.day, r.from_second, r.to_second, r.is_open, r.open_before) for r in rows
    ] == [(d, 0, 86_400, False, 0) for d in range(1, 32)]
    for zone in ZONES:
        by_day: dict[date, list] = {}
        for piece in segments(Schedule(zone, OFFICE), date(2026, 3, 1), date(2026, 4, 10)):
            by_day.setdefault(piece.utc_day, []).append((piece.from_second, piece.to_second))
        for pieces in by_day.values():
            assert pieces[0][0] == 0
            assert pieces[-1][1] == 86_400
            assert all(a[1] == b[0] for a, b in itertools.pairwise(pieces))


def test_hours_that_cannot_be_read_are_named():
    with pytest.raises(ConfigurationError, match="'Mon 9-17'"):
        parse_hours("Mon 9-17")
    with pytest.raises(ConfigurationError, match="ends when it begins"):
        parse_hours("Mon 09:00-09:00")
    with pytest.raises(ConfigurationError, match="no break"):
        parse_hours("Mon 09:00-17:00 break 30")
    with pytest.raises(ConfigurationError, match="stands alone"):
        parse_hours("24x7, Mon 09:00-17:00")
    with pytest.raises(ConfigurationError, match=r"time_zone_map\.csv"):
        iana_zone("Middle of Nowhere", {})


def test_hours_over_midnight_end_on_the_next_day():
    assert parse_hours("Fri 22:00-06:00") == ((5 * 1440 + 1320, 6 * 1440 + 360),)
    assert parse_hours("Sat 22:00-00:00") == ((6 * 1440 + 1320, 7 * 1440),)
    nights = Schedule("Europe/Berlin", parse_hours("Sat-Sun 22:00-06:00"))
    saturday, monday = datetime(2026, 3, 7, 11, tzinfo=UTC), datetime(2026, 3, 9, 11, tzinfo=UTC)
    assert open_seconds(nights, saturday, monday) == 16 * 3600
    # the night of 29 March is an hour short
    saturday, monday = datetime(2026, 3, 28, 11, tzinfo=UTC), datetime(2026, 3, 30, 11, tzinfo=UTC)
    assert open_seconds(nights, saturday, monday) == 15 * 3600


def test_a_holiday_closes_its_own_part_of_a_night():
    monday = date(2026, 4, 6)
    nights = Schedule("UTC", parse_hours("Sun-Mon 22:00-06:00"), ((monday, monday),))
    start, end = datetime(2026, 4, 5, 12, tzinfo=UTC), datetime(2026, 4, 7, 12, tzinfo=UTC)
    assert open_seconds(nights, start, end) == 2 * 3600 + 6 * 3600


def test_a_desk_that_never_closes():
    always = Schedule("America/New_York", parse_hours("24x7"))
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    assert open_seconds(always, start, end) == 31 * 86_400


def test_a_day_has_several_intervals():
    assert parse_hours("Mon 08:00-12:00 13:00-17:00") == ((1920, 2160), (2220, 2460))


def test_a_day_is_a_work_day_if_the_desk_is_open_after_midnight_only():
    week = (date(2026, 3, 1), date(2026, 3, 7))  # Sunday to Saturday
    one_interval = Schedule("UTC", ((0, 10_080),))
    assert all(workdays(*week, [one_interval]).values())
    nights = Schedule("UTC", parse_hours("Sat 22:00-06:00, Wed 09:00-17:00"))
    is_open = workdays(*week, [nights])
    assert [day.day for day in is_open if is_open[day]] == [1, 4, 7]
