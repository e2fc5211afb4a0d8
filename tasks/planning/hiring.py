"""The headcount plan by team and month: need, leavers, joiners, and when to request new people."""

from collections.abc import Iterable, Mapping
from datetime import date

from tasks.planning import headcount
from tasks.planning.assumptions import Assumptions
from tasks.planning.expected import Expected, Planned, Team, TeamKey
from tasks.planning.rows import HeadcountPlanMonthly, StaffingRequirementDaily

Days = dict[date, tuple[float, float]]  # full-time agents and contacts by day


def headcount_plan(
    assumptions: Assumptions, daily: Iterable[StaffingRequirementDaily]
) -> list[HeadcountPlanMonthly]:
    """Months to hire for; people requested today begin after the forecast has ended."""
    expected, planning = assumptions.expected, assumptions.planning
    terms = headcount.Hiring(
        planning.yearly_attrition_share, planning.hiring_lead_months, planning.ramp_shares
    )
    shares = expected.shares_of_plan()
    rows: list[HeadcountPlanMonthly] = []
    for team, days in sorted(_days_by_team(daily).items(), key=_by_key):
        plan = _plan_of_team(expected, team, shares[team.key])
        contacts = {
            month: planned.contacts
            for month, planned in plan.items()
            if planned.contacts is not None
        }
        needs = headcount.needs(days, expected.workdays, contacts, planning.headcount_months)
        rows += _team_rows(team, needs, plan, expected.agents.get(team.key, 0), terms)
    return rows


def _by_key(item: tuple[Team, Days]) -> TeamKey:
    return item[0].key


def _days_by_team(daily: Iterable[StaffingRequirementDaily]) -> dict[Team, Days]:
    teams: dict[Team, Days] = {}
    for row in daily:
        days = teams.setdefault(Team(row.account, row.team_id, row.team), {})
        fte, contacts = days.get(row.day, (0.0, 0.0))
        days[row.day] = fte + row.fte, contacts + row.planned_contacts
    return teams


def _plan_of_team(expected: Expected, team: Team, share: float) -> dict[date, Planned]:
    return {
        month: planned.part(share)
        for (name, month), planned in expected.plan.items()
        if name == team.name
    }


def _team_rows(
    team: Team,
    needs: list[headcount.Need],
    plan: Mapping[date, Planned],
    active_agents: int,
    terms: headcount.Hiring,
) -> list[HeadcountPlanMonthly]:
    planned_fte = [plan.get(need.month, Planned()).fte for need in needs]
    known_fte = (fte for fte in planned_fte if fte is not None)
    start = float(next(known_fte, active_agents))
    months = headcount.plan([need.fte for need in needs], start, terms)
    return [
        _row(team, need, fte, month)
        for need, fte, month in zip(needs, planned_fte, months, strict=True)
    ]


def _row(
    team: Team, need: headcount.Need, planned_fte: float | None, month: headcount.Month
) -> HeadcountPlanMonthly:
    return HeadcountPlanMonthly(
        account=team.account,
        team_id=team.team_id,
        team=team.name,
        month_on=need.month,
        workdays_forecast=need.workdays,
        need_from=need.source,
        need_fte=month.need,
        planned_fte=planned_fte,
        start_fte=month.start,
        leavers_fte=month.leavers,
        joiners=month.joiners,
        in_training_fte=month.in_training,
        productive_fte=month.productive,
        end_fte=month.end,
        gap_fte=month.gap,
        request=month.request,
    )
