"""Step: write the staffing tables: people by interval and day, headcount, rosters, the gap."""

import json
import time

from tasks.planning.assumptions import Assumptions
from tasks.planning.expected import (
    AgentsRow,
    Expected,
    ForecastDayRow,
    HandleTimeRow,
    HeadcountPlanRow,
    OpeningRow,
    ShiftTimeRow,
    TeamKey,
    WaitingRow,
    WorkdayRow,
    handle_seconds_of,
    handle_spread_of,
    openings_of,
    plan_of,
    shrinkage_of,
    waiting_of,
    with_planned_ratio,
)
from tasks.planning.rows import StaffingScenarioDaily
from tasks.planning.scenario import Comparison, Scenario, count_by_month
from tasks.planning.staffing import staffing_tables
from tasks.settings import PlanningSettings
from tasks.sqlmodels.catalog import models, table_of
from tasks.sqlmodels.materialization import Materialized, build_of, write_tables
from tasks.sqlmodels.reads import read, read_arrow
from tasks.warehouse.build import rebuild
from tasks.warehouse.session import Session

SCENARIO = "marts.staffing_scenario_daily"


def build_staffing(session: Session, planning: PlanningSettings, run_id: str) -> list[Materialized]:
    """Every staffing table, if forecast, plan, hours or settings changed."""
    build = build_of(session, "plan", planning.model_dump(mode="json"))
    if build.is_current:
        return build.unchanged
    expected = read_expected(session, planning.quantile)
    tables = staffing_tables(Assumptions(expected, planning))
    return write_tables(session, build, tables, run_id)


def build_scenario(
    session: Session, planning: PlanningSettings, scenario: Scenario, name: str, run_id: str
) -> list[StaffingScenarioDaily]:
    """People under the scenario next to those of the base, in place of an earlier `name`."""
    expected = read_expected(session, planning.quantile)
    others = read(session, "plan/other_scenarios", StaffingScenarioDaily, written=name)
    base = staffing_tables(Assumptions(expected, planning)).staffing_forecast
    changed = staffing_tables(Assumptions(expected, planning, scenario)).staffing_forecast
    workdays = count_by_month(expected.workdays)
    comparison = Comparison(name, scenario, planning.monthly_cost_per_fte, workdays)
    rows = comparison.rows(base, changed)
    rebuild(
        session,
        table_of(models()[SCENARIO]),
        [*others, *rows],
        run_id=run_id,
        state=json.dumps({"scenario": name}),
        started=time.perf_counter(),
    )
    return rows


def read_expected(session: Session, quantile: str) -> Expected:
    """Everything that staffing is planned from, for the mean or a quantile of the forecast."""
    intervals = read_arrow(session, "plan/intervals").to_pandas()
    workdays = read(session, "plan/workdays", WorkdayRow)
    agents = read(session, "plan/agents", AgentsRow)
    handle_times = read(session, "plan/handle_times", HandleTimeRow)
    return Expected(
        intervals=with_planned_ratio(intervals, quantile),
        days=read(session, "plan/days", ForecastDayRow),
        openings=openings_of(read(session, "plan/opening", OpeningRow)),
        handle_seconds=handle_seconds_of(handle_times),
        handle_spread=handle_spread_of(handle_times),
        waiting=waiting_of(read(session, "plan/waiting", WaitingRow)),
        plan=plan_of(read(session, "plan/headcount_plan", HeadcountPlanRow)),
        workdays={row.day for row in workdays},
        agents={TeamKey(row.account, row.team_id): row.agents for row in agents},
        shrinkage=shrinkage_of(read(session, "plan/shift_time", ShiftTimeRow)),
    )
