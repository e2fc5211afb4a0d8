"""Step: write why actual cost differs from plan, month by month."""

from datetime import date
from typing import TypeVar

from tasks.planning.budget_variance import (
    Budget,
    BudgetLineRow,
    CostRow,
    PlannedContactsRow,
    PresentMonthRow,
    SolvedRow,
    variance_tables,
)
from tasks.sqlmodels.materialization import Materialized, build_of, write_tables
from tasks.warehouse.session import Session

Row = TypeVar("Row")


def build_budget(session: Session, run_id: str) -> list[Materialized]:
    """The table of variances, if costs, plan, tickets or the day changed."""
    present = [PresentMonthRow(*row) for row in session.fetch(_PRESENT_MONTH)]
    if not present:
        return []
    settings = {"last_day": str(present[0].last_day)}
    build = build_of(session, "budget", settings)
    if build.is_current:
        return build.unchanged
    tables = variance_tables(_read_budget(session, present[0]))
    return write_tables(session, build, tables, run_id)


def _read_budget(session: Session, present: PresentMonthRow) -> Budget:
    def read(row: type[Row], statement: str) -> list[Row]:
        until: dict[str, date] = {"last": present.last_day}
        return [row(*cells) for cells in session.fetch(statement, until)]

    return Budget(
        present=present,
        lines=read(BudgetLineRow, _LINES),
        costs=read(CostRow, _COSTS),
        planned_contacts=read(PlannedContactsRow, _PLANNED_CONTACTS),
        solved=read(SolvedRow, _SOLVED),
    )


_PRESENT_MONTH = """
select z.last_day, d.month_starts_on, d.workday_of_month, d.workdays_in_month
from ops.reporting_zone as z
join core.dim_date as d on d.day = z.last_day
where z.is_main"""

_LINES = """
select month_on, team, category, kind, amount_reporting
from core.fct_budget_line
where month_on <= :last and amount_reporting is not null"""

_COSTS = """
select month_on, team, category, sum(amount_reporting), sum(amount_at_plan_rate)
from core.fct_cost
where accrued_on <= :last and amount_reporting is not null and amount_at_plan_rate is not null
group by month_on, team, category"""

_PLANNED_CONTACTS = """
select month_on, team, cast(sum(contacts) as double precision),
    cast(max(handle_minutes) as double precision)
from source.headcount_plan
where month_on <= :last
group by month_on, team"""

_SOLVED = """
select d.month_starts_on, n.name, count(*), count(t.handle_seconds),
    cast(sum(t.handle_seconds) as double precision)
from core.fct_ticket as t
join core.dim_date as d on d.day = t.solved_on
join core.dim_team as n on n.account = t.account and n.team_id = t.team_id
where not t.is_excluded and t.solved_on <= :last
group by d.month_starts_on, n.name"""
