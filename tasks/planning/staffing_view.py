"""The manager's view: work, people for it and for the service targets, planned people, the gap."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tasks.planning.assumptions import Assumptions
from tasks.planning.expected import ForecastDayRow, Team, TeamKey
from tasks.planning.rows import StaffingForecast, StaffingRequirementDaily
from tasks.planning.workload import Workload


@dataclass(frozen=True, slots=True)
class _Service:
    """What the service targets need on a day, all channels of a team together."""

    fte: float | None = None
    fte_mean: float | None = None
    peak_headcount: float | None = None
    is_feasible: bool | None = None


def staffing_forecast(
    assumptions: Assumptions, daily: Iterable[StaffingRequirementDaily]
) -> list[StaffingForecast]:
    """One row for each team and day forecast; service figures end with the intervals."""
    service = _service_by_day(daily)
    shares = assumptions.expected.shares_of_plan()
    rows = []
    for expected in assumptions.expected.days:
        team = Team(expected.account, expected.team_id, expected.team)
        planned_fte = _planned_fte(assumptions, team, expected.day, shares[team.key])
        needed = service.get((team.key, expected.day), _Service())
        rows.append(_row(assumptions, expected, team, needed, planned_fte))
    return rows


def _service_by_day(
    daily: Iterable[StaffingRequirementDaily],
) -> dict[tuple[TeamKey, date], _Service]:
    channels: dict[tuple[TeamKey, date], list[StaffingRequirementDaily]] = defaultdict(list)
    for row in daily:
        channels[TeamKey(row.account, row.team_id), row.day].append(row)
    return {
        key: _Service(
            fte=sum(row.fte for row in rows),
            fte_mean=sum(row.fte_mean for row in rows),
            peak_headcount=sum(row.peak_headcount for row in rows),
            is_feasible=all(row.is_feasible for row in rows),
        )
        for key, rows in channels.items()
    }


def _planned_fte(assumptions: Assumptions, team: Team, day: date, share: float) -> float | None:
    """Planned people on a work day; None on other days and without a plan."""
    if day not in assumptions.expected.workdays:
        return None
    return assumptions.expected.planned(team.name, day).part(share).fte


def _row(
    assumptions: Assumptions,
    expected: ForecastDayRow,
    team: Team,
    service: _Service,
    planned_fte: float | None,
) -> StaffingForecast:
    planning, volume = assumptions.planning, assumptions.scenario.volume
    handle = assumptions.handle_seconds(team, "", expected.day)
    shrinkage = assumptions.shrinkage(team)
    workload = Workload(
        handle_minutes=handle.value / 60,
        paid_hours_per_day=planning.paid_hours_per_day,
        shrinkage_share=shrinkage.value,
        occupancy_share=planning.occupancy_share,
    )
    tickets = expected.expected_tickets * volume
    required_fte = workload.required_fte(tickets)
    needed_fte = required_fte if service.fte is None else service.fte
    return StaffingForecast(
        account=team.account,
        team_id=team.team_id,
        team=team.name,
        day=expected.day,
        expected_tickets=tickets,
        handle_minutes=workload.handle_minutes,
        handle_from=handle.source,
        shrinkage_share=shrinkage.value,
        shrinkage_from=shrinkage.source,
        productive_minutes=workload.productive_minutes,
        workload_hours=workload.hours(tickets),
        required_fte=required_fte,
        required_fte_low_80=workload.required_fte(expected.low_80 * volume),
        required_fte_high_80=workload.required_fte(expected.high_80 * volume),
        required_fte_low_95=workload.required_fte(expected.low_95 * volume),
        required_fte_high_95=workload.required_fte(expected.high_95 * volume),
        service_fte=service.fte,
        service_fte_mean=service.fte_mean,
        peak_headcount=service.peak_headcount,
        is_feasible=service.is_feasible,
        planned_fte=planned_fte,
        gap_fte=None if planned_fte is None else planned_fte - needed_fte,
        model=expected.model,
    )
