"""Rows of the staffing and budget tables: one class a table, one field a column.

The columns' meanings stand in `sql/marts/<table>.yml`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingRequirementInterval:
    """Agents needed by team, channel and interval: `marts.staffing_requirement_interval`."""

    account: str
    team_id: str
    team: str | None
    channel: str
    starts_at: datetime
    day: date
    local_minute: int
    interval_minutes: int
    model: str
    expected_contacts: float
    planned_contacts: float
    handle_seconds: float
    concurrency: int
    patience_seconds: float | None
    target_share: float
    target_seconds: float
    max_occupancy_share: float
    shrinkage_share: float
    agents_required: float
    agents_required_mean: float
    scheduled_headcount: float
    because: str
    service_level: float | None
    occupancy: float | None
    abandoned_share: float | None
    mean_wait_seconds: float | None
    backlog_end: float | None
    is_feasible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingRequirementDaily:
    """Agents needed by team, channel and day: `marts.staffing_requirement_daily`."""

    account: str
    team_id: str
    team: str | None
    channel: str
    day: date
    expected_contacts: float
    planned_contacts: float
    agent_hours: float
    agent_hours_mean: float
    fte: float
    fte_mean: float
    peak_headcount: float
    service_level: float | None
    backlog_close: float | None
    is_feasible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingRosterDaily:
    """People by team, day and shift: `marts.staffing_roster_daily`."""

    account: str
    team_id: str
    team: str | None
    day: date
    shift: str
    headcount: int
    paid_hours: float
    required_hours: float
    overstaffed_hours: float
    understaffed_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffingForecast:
    """The manager's view by team and day: `marts.staffing_forecast`."""

    account: str
    team_id: str
    team: str | None
    day: date
    expected_tickets: float
    handle_minutes: float
    handle_from: str
    shrinkage_share: float
    shrinkage_from: str
    productive_minutes: float
    workload_hours: float
    required_fte: float
    required_fte_low_80: float
    required_fte_high_80: float
    required_fte_low_95: float
    required_fte_high_95: float
    service_fte: float | None
    service_fte_mean: float | None
    peak_headcount: float | None
    is_feasible: bool | None
    planned_fte: float | None
    gap_fte: float | None
    model: str

    @property
    def needed_fte(self) -> float:
        """Full-time agents for the service targets, or for the work alone beyond the intervals."""
        return self.required_fte if self.service_fte is None else self.service_fte


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadcountPlanMonthly:
    """Headcount and hiring by team and month: `marts.headcount_plan_monthly`."""

    account: str
    team_id: str
    team: str | None
    month_on: date
    workdays_forecast: int
    need_from: str
    need_fte: float
    planned_fte: float | None
    start_fte: float
    leavers_fte: float
    joiners: int
    in_training_fte: float
    productive_fte: float
    end_fte: float
    gap_fte: float
    request: int


@dataclass(frozen=True, slots=True)
class StaffingScenarioDaily:
    """A scenario next to the base by team and day: `marts.staffing_scenario_daily`."""

    scenario: str
    assumptions: str
    account: str
    team_id: str
    team: str | None
    day: date
    expected_tickets: float
    base_expected_tickets: float
    handle_minutes: float
    fte: float
    base_fte: float
    extra_fte: float
    is_feasible: bool | None
    extra_cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetVarianceMonthly:
    """Parts of actual less plan by month and team: `marts.budget_variance_monthly`."""

    month_on: date
    team: str
    is_complete: bool
    plan: Decimal
    actual: Decimal
    plan_contacts: float | None
    actual_contacts: int
    plan_hours: float | None
    actual_hours: float | None
    volume: Decimal
    mix: Decimal
    efficiency: Decimal
    rate: Decimal
    other: Decimal
    fx: Decimal
    total: Decimal
    plan_lines_without_rate: int
    costs_without_rate: int
