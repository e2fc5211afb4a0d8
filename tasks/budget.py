"""Step: write why actual cost differs from plan, month by month."""

from tasks.planning.budget_variance import (
    Budget,
    BudgetLineRow,
    CostRow,
    MissingRatesRow,
    PlannedContactsRow,
    PresentMonthRow,
    SolvedRow,
    variance_tables,
)
from tasks.sqlmodels.materialization import Materialized, build_of, write_tables
from tasks.sqlmodels.reads import read, read_one
from tasks.warehouse.session import Session


def build_budget(session: Session, run_id: str) -> list[Materialized]:
    """The table of variances, if costs, plan, tickets or the day changed."""
    present = read_one(session, "budget/present_month", PresentMonthRow)
    if present is None:
        return []
    build = build_of(session, "budget", {"last_day": str(present.last_day)})
    if build.is_current:
        return build.unchanged
    until = present.last_day
    budget = Budget(
        present=present,
        lines=read(session, "budget/lines", BudgetLineRow, until=until),
        costs=read(session, "budget/costs", CostRow, until=until),
        planned_contacts=read(session, "budget/planned_contacts", PlannedContactsRow, until=until),
        solved=read(session, "budget/solved", SolvedRow, until=until),
        missing_rates=read(session, "budget/missing_rates", MissingRatesRow, until=until),
    )
    return write_tables(session, build, variance_tables(budget), run_id)
