"""Rosters: the cheapest shifts that cover each team's need.

Each day is a problem of its own, unless a shift may end on the day after: then a team's days are
one problem, with the day before the first one and the day after the last one at its edges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tasks.planning import roster
from tasks.planning.expected import Team
from tasks.planning.patterns import ShiftPattern
from tasks.planning.rows import StaffingRequirementInterval, StaffingRosterDaily
from tasks.weekly import MINUTES_A_DAY

_UNDERSTAFFING_PRICE = 4.0  # paid hours that a missing hour of one person is worth
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Interval:
    """An interval of a team's day and the people it needs."""

    day: date
    local_minute: int
    need: float


def rosters(
    intervals: Sequence[StaffingRequirementInterval],
    patterns: Sequence[ShiftPattern],
    most_days: int,
) -> Iterator[StaffingRosterDaily]:
    """Shifts of the first `most_days` days; need outside all shifts stays uncovered.

    Of a night shift that began on the day before the first one, the part of the first day counts.
    """
    if not patterns or not intervals:
        return
    first = min(row.day for row in intervals)
    last = first + timedelta(days=most_days - 1)
    minutes = intervals[0].interval_minutes
    over_night = any(pattern.is_overnight for pattern in patterns)
    for team, days in _need_by_team(intervals, last + _DAY if over_night else last).items():
        if over_night:
            rows = _rows(team, list(days.values()), patterns, minutes)
            yield from (row for row in rows if first <= row.day <= last)
        else:
            for need in days.values():
                yield from _rows(team, [need], patterns, minutes)


def _need_by_team(
    intervals: Sequence[StaffingRequirementInterval], last: date
) -> dict[Team, dict[date, list[_Interval]]]:
    """The needs of each team's days, their intervals in order; the channels of one added up."""
    added: dict[Team, dict[date, dict[tuple[datetime, int], float]]] = {}
    for row in intervals:
        if row.day <= last:
            team = Team(row.account, row.team_id, row.team)
            need = added.setdefault(team, {}).setdefault(row.day, {})
            place = (row.starts_at, row.local_minute)
            need[place] = need.get(place, 0.0) + row.scheduled_headcount
    return {
        team: {
            day: [_Interval(day, minute, need[start, minute]) for start, minute in sorted(need)]
            for day, need in days.items()
        }
        for team, days in added.items()
    }


def _rows(
    team: Team,
    days: Sequence[Sequence[_Interval]],
    patterns: Sequence[ShiftPattern],
    minutes: int,
) -> Iterator[StaffingRosterDaily]:
    """The roster of some days; the people of a shift stand on the day on which it begins."""
    wanted = [interval for day in days for interval in day]
    shifts = _shifts(wanted, patterns, minutes)
    hours = minutes / 60
    solution = roster.cover(
        [interval.need for interval in wanted],
        list(shifts.values()),
        price_of_under=_UNDERSTAFFING_PRICE * hours,
    )
    for (day, name), shift in shifts.items():
        places = [place for place, interval in enumerate(wanted) if interval.day == day]
        people = solution.headcount[shift.name]
        yield StaffingRosterDaily(
            account=team.account,
            team_id=team.team_id,
            team=team.name,
            day=day,
            shift=name,
            headcount=people,
            paid_hours=people * shift.paid_hours,
            required_hours=sum(wanted[place].need for place in places) * hours,
            overstaffed_hours=float(solution.over[places].sum()) * hours,
            understaffed_hours=float(solution.under[places].sum()) * hours,
        )


def _shifts(
    wanted: Sequence[_Interval], patterns: Sequence[ShiftPattern], minutes: int
) -> dict[tuple[date, str], roster.Shift]:
    """Every shift that can cover some of the intervals, by the day on which it begins."""
    days = sorted({interval.day for interval in wanted})
    shifts = {}
    for day in sorted({*days, *(day - _DAY for day in days)}):
        begins = [
            (interval.day - day).days * MINUTES_A_DAY + interval.local_minute for interval in wanted
        ]
        for pattern in patterns:
            if pattern.works(day) and (day in days or pattern.is_overnight):
                shift = pattern.over(begins, minutes)
                named = roster.Shift(f"{day} {pattern.name}", shift.covers, shift.paid_hours)
                shifts[day, pattern.name] = named
    return shifts
