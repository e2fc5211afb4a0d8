"""Every staffing table from what is expected: the way in to this room."""

from dataclasses import dataclass

from tasks.planning.assumptions import Assumptions
from tasks.planning.hiring import headcount_plan
from tasks.planning.patterns import parse_shifts
from tasks.planning.requirements import daily_requirements, interval_requirements
from tasks.planning.rostering import rosters
from tasks.planning.rows import (
    HeadcountPlanMonthly,
    StaffingForecast,
    StaffingRequirementDaily,
    StaffingRequirementInterval,
    StaffingRosterDaily,
)
from tasks.planning.staffing_view import staffing_forecast


@dataclass(frozen=True, slots=True)
class StaffingTables:
    """Rows of the staffing tables; a field's name is the table's."""

    staffing_requirement_interval: list[StaffingRequirementInterval]
    staffing_requirement_daily: list[StaffingRequirementDaily]
    staffing_roster_daily: list[StaffingRosterDaily]
    staffing_forecast: list[StaffingForecast]
    headcount_plan_monthly: list[HeadcountPlanMonthly]


def staffing_tables(assumptions: Assumptions) -> StaffingTables:
    """From contacts by interval to agents, shifts, the gap against the plan, and hiring.

    Raises ConfigurationError for a shift pattern that cannot be read.
    """
    planning = assumptions.planning
    intervals = interval_requirements(assumptions)
    daily = daily_requirements(intervals, planning.paid_hours_per_day)
    patterns = parse_shifts(planning.shifts)
    return StaffingTables(
        staffing_requirement_interval=intervals,
        staffing_requirement_daily=daily,
        staffing_roster_daily=list(rosters(intervals, patterns, planning.roster_days)),
        staffing_forecast=staffing_forecast(assumptions, daily),
        headcount_plan_monthly=headcount_plan(assumptions, daily),
    )
