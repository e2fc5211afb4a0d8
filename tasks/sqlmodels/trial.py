"""Tries own SELECTs on the tables as they are, and changes nothing."""

from tasks.errors import ModelError
from tasks.sqlmodels.dialects import translated
from tasks.sqlmodels.kpis import kpis
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.trial import columns_of, problem_of


def broken_kpis(warehouse: Warehouse) -> dict[str, str]:
    """Own KPIs that cannot be counted on the tables as they are, and why not.

    Where each of them can by itself, all of them: nobody can say which one is to blame.
    """
    own = [kpi for kpi in kpis().values() if kpi.is_own]
    problems = {kpi.name: _problem(warehouse, kpi.by_local_day) for kpi in own}
    broken = {name: problem for name, problem in problems.items() if problem}
    return broken or dict.fromkeys(problems, "it cannot be counted with the others")


def _problem(warehouse: Warehouse, select: str) -> str:
    with warehouse.session() as session:
        dialect = session.dialect
    try:
        text = select if dialect == "duckdb" else translated(select, dialect)
    except ModelError as wrong:
        return str(wrong)
    return problem_of(warehouse, text)


def produced_columns(warehouse: Warehouse, select: str) -> list[str]:
    """The columns that a SELECT gives on an empty DuckDB warehouse.

    Raises ModelError where it cannot be run there, or be translated for PostgreSQL.
    """
    translated(select, "postgres")
    problem = problem_of(warehouse, select)
    if problem:
        raise ModelError(problem)
    return columns_of(warehouse, select)
