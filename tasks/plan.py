"""Step: write the staffing tables: people by interval and day, headcount, rosters, the gap."""

import json
import time
from typing import TypeVar

from tasks.planning.assumptions import Assumptions
from tasks.planning.expected import (
    AgentsRow,
    Expected,
    HandleTimeRow,
    HeadcountPlanRow,
    OpeningRow,
    ShiftTimeRow,
    TeamKey,
    handle_seconds_of,
    openings_of,
    plan_of,
    shrinkage_of,
    with_planned_ratio,
)
from tasks.planning.rows import StaffingScenarioDaily
from tasks.planning.scenario import Comparison, Scenario, count_by_month
from tasks.planning.staffing import staffing_tables
from tasks.settings import PlanningSettings
from tasks.sqlmodels.catalog import models, table_of
from tasks.sqlmodels.materialization import Materialized, build_of, write_tables
from tasks.warehouse.build import rebuild
from tasks.warehouse.session import Session

SCENARIO = "marts.staffing_scenario_daily"
Row = TypeVar("Row")


def build_staffing(session: Session, planning: PlanningSettings, run_id: str) -> list[Materialized]:
    """Every staffing table, if forecast, plan, hours or settings changed."""
    build = build_of(session, "plan", planning.model_dump(mode="json"))
    if build.is_current:
        return build.unchanged
    expected = read_expected(session, planning.quantile)
    tables = staffing_tables(Assumptions(expected, planning))
    return write_tables(session, build, tables, run_id)


def build_scenario(
    session: Session,
    planning: PlanningSettings,
    scenario: Scenario,
    name: str,
    run_id: str,
) -> list[StaffingScenarioDaily]:
    """People under the scenario next to those of the base, in place of an earlier `name`."""
    expected = read_expected(session, planning.quantile)
    base = staffing_tables(Assumptions(expected, planning)).staffing_forecast
    changed = staffing_tables(Assumptions(expected, planning, scenario)).staffing_forecast
    workdays = count_by_month(expected.workdays)
    comparison = Comparison(name, scenario, planning.monthly_cost_per_fte, workdays)
    rows = comparison.rows(base, changed)
    columns = ", ".join(StaffingScenarioDaily.__dataclass_fields__)
    others = session.fetch(
        f"select {columns} from {SCENARIO} where scenario <> :name", {"name": name}
    )
    rebuild(
        session,
        table_of(models()[SCENARIO]),
        [*(dict(row._mapping) for row in others), *rows],
        run_id=run_id,
        state=json.dumps({"scenario": name}),
        started=time.perf_counter(),
    )
    return rows


def read_expected(session: Session, quantile: str) -> Expected:
    """Everything that staffing is planned from, for the mean or a quantile of the forecast."""

    def read(row: type[Row], statement: str) -> list[Row]:
        return [row(*cells) for cells in session.fetch(statement)]

    agents = read(AgentsRow, _AGENTS)
    workdays = session.fetch(_WORKDAYS)
    intervals = session.arrow(_INTERVALS).to_pandas()
    return Expected(
        intervals=with_planned_ratio(intervals, quantile),
        days=session.arrow(_DAYS).to_pandas(),
        openings=openings_of(read(OpeningRow, _OPENING)),
        handle_seconds=handle_seconds_of(read(HandleTimeRow, _HANDLE_TIME)),
        plan=plan_of(read(HeadcountPlanRow, _HEADCOUNT_PLAN)),
        workdays={day for (day,) in workdays},
        agents={TeamKey(row.account, row.team_id): row.agents for row in agents},
        shrinkage=shrinkage_of(read(ShiftTimeRow, _SHIFT_TIME)),
    )


_INTERVALS = """
select i.account, i.team_id, i.team, i.channel, i.day, i.starts_at, i.local_minute,
    i.interval_minutes, i.expected_tickets, c.expected_tickets as day_expected, c.q50, c.q75,
    c.high_80, c.q95
from marts.forecast_volume_interval as i
join marts.forecast_channel_daily as c
    on c.account = i.account and c.team_id = i.team_id and c.channel = i.channel and c.day = i.day
order by i.account, i.team_id, i.channel, i.starts_at"""

_DAYS = """
select account, team_id, team, day, model, expected_tickets, low_80, high_80, low_95, high_95
from marts.forecast_volume_daily
order by account, team_id, day"""

_OPENING = """
select s.account, s.utc_day, s.from_second, s.to_second
from core.business_segment as s
join ops.reporting_zone as z on z.is_main
where s.is_default and s.is_open and s.utc_day >= z.last_day
order by s.account, s.utc_day, s.from_second"""

# mean handle time of eight weeks; phone from the calls themselves
_HANDLE_TIME = """
select t.account, t.team_id, t.channel, cast(sum(t.handle_seconds) as double precision),
    count(t.handle_seconds)
from core.fct_ticket as t
join ops.reporting_zone as z on z.is_main
where not t.is_excluded and t.team_id is not null
    and t.solved_at >= z.as_of - interval '56 days'
group by t.account, t.team_id, t.channel
union all
select c.account, c.team_id, 'phone', cast(sum(c.handle_seconds) as double precision),
    count(c.handle_seconds)
from core.fct_call as c
join ops.reporting_zone as z on z.is_main
where c.team_id is not null and c.handled_at >= z.as_of - interval '56 days'
group by c.account, c.team_id"""

_HEADCOUNT_PLAN = """
select team, month_on, cast(sum(fte) as double precision),
    cast(max(handle_minutes) as double precision), cast(sum(contacts) as double precision)
from source.headcount_plan
group by team, month_on"""

_WORKDAYS = "select day from core.dim_date where is_workday"

_AGENTS = """
select account, team_id, count(*)
from core.dim_agent
where is_active and team_id is not null
group by account, team_id"""

# shifts from files name teams or agents of any account
_SHIFT_TIME = """
with spans as (
    select t.account, t.team_id, lower(coalesce(s.activity, '')) as activity,
        extract(epoch from s.ends_at - s.starts_at) as seconds, s.starts_at, s.ends_at
    from source.shift as s
    join core.dim_team as t
        on t.team_id = s.team_id and (s.connector = 'files' or s.account = t.account)
    union all
    select a.account, a.team_id, lower(coalesce(s.activity, '')),
        extract(epoch from s.ends_at - s.starts_at), s.starts_at, s.ends_at
    from source.shift as s
    join core.dim_agent as a
        on s.team_id is null and a.agent_id = s.agent_id
        and (s.connector = 'files' or s.account = a.account)
    where a.team_id is not null
)
select account, team_id, cast(sum(seconds) as double precision),
    cast(sum(case when activity in ('', 'work') then 0 else seconds end) as double precision)
from spans
join ops.reporting_zone as z on z.is_main
where spans.starts_at >= z.as_of - interval '56 days' and spans.ends_at <= z.as_of
    and spans.ends_at > spans.starts_at
group by account, team_id"""
