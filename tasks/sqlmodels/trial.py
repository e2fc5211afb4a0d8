"""Tries own SELECTs on the tables as they are, and changes nothing."""

from tasks.sqlmodels.dialects import translated
from tasks.sqlmodels.kpis import kpis
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.trial import problem_of


def broken_kpis(warehouse: Warehouse) -> dict[str, str]:
    """Own KPIs that cannot be counted on the tables as they are, and why not.

    Where each of them can by itself, all of them: nobody can say which one is to blame.
    """
    problems = {}
    with warehouse.session() as session:
        dialect = session.dialect
    for kpi in (each for each in kpis().values() if each.is_own):
        select = kpi.by_local_day
        try:
            text = select if dialect == "duckdb" else translated(select, dialect)
        except ValueError as wrong:  # sqlglot cannot read it
            problems[kpi.name] = " ".join(str(wrong).split())
        else:
            problems[kpi.name] = problem_of(warehouse, text)
    found = {name: problem for name, problem in problems.items() if problem}
    return found or dict.fromkeys(problems, "it cannot be counted with the others")
