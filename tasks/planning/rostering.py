"""Rosters: the cheapest shifts that cover each team's day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from tasks.planning import roster
from tasks.planning.expected import Team
from tasks.planning.patterns import ShiftPattern
from tasks.planning.rows import StaffingRequirementInterval, StaffingRosterDaily

_UNDERSTAFFING_PRICE = 4.0  # paid hours that a missing hour of one person is worth

Need = Mapping[tuple[datetime, int], float]  # people by interval: its begin and local minute


def rosters(
    intervals: Sequence[StaffingRequirementInterval],
    patterns: Sequence[ShiftPattern],
    most_days: int,
) -> Iterator[StaffingRosterDaily]:
    """Shifts of the first `most_days` days; need outside all shifts stays uncovered."""
    if not patterns or not intervals:
        return
    last = min(row.day for row in intervals) + timedelta(days=most_days - 1)
    minutes = intervals[0].interval_minutes
    for (team, day), need in _need_by_day(intervals, last).items():
        yield from _day_rows(team, day, need, patterns, minutes)


def _need_by_day(
    intervals: Sequence[StaffingRequirementInterval], last: date
) -> dict[tuple[Team, date], Need]:
    days: dict[tuple[Team, date], dict[tuple[datetime, int], float]] = {}
    for row in intervals:
        if row.day <= last:
            team = Team(row.account, row.team_id, row.team)
            need = days.setdefault((team, row.day), defaultdict(float))
            need[row.starts_at, row.local_minute] += row.scheduled_headcount
    return dict(days)


def _day_rows(
    team: Team, day: date, need: Need, patterns: Sequence[ShiftPattern], minutes: int
) -> Iterator[StaffingRosterDaily]:
    starts = sorted(need)
    local_minutes = [minute for _, minute in starts]
    shifts = [pattern.over(local_minutes, minutes) for pattern in patterns if pattern.works(day)]
    hours = minutes / 60
    solution = roster.cover(
        [need[start] for start in starts],
        shifts,
        price_of_under=_UNDERSTAFFING_PRICE * minutes / 60,
    )
    for shift in shifts:
        people = solution.headcount[shift.name]
        yield StaffingRosterDaily(
            account=team.account,
            team_id=team.team_id,
            team=team.name,
            day=day,
            shift=shift.name,
            headcount=people,
            paid_hours=people * shift.paid_hours,
            required_hours=sum(need.values()) * hours,
            overstaffed_hours=float(solution.over.sum()) * hours,
            understaffed_hours=float(solution.under.sum()) * hours,
        )
