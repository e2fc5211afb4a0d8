"""Whatever a table is made from, a change of it makes the table again."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.sqlmodels.catalog import kpi_rows, models
from tasks.sqlmodels.reads import reads
from tasks.sqlmodels.sources import SOURCES

ROOT = Path(__file__).resolve().parents[2]
MOVES_WITH_EVERY_RUN = {"ops.reporting_zone"}  # the last complete day is a setting of the build
NOT_ARITHMETIC = {"sqlmodels", "warehouse"}  # rooms that bring rows and take them
FLOOR = {"errors.py", "settings.py"}
BROUGHT_BY_SETTINGS = {"public_holidays.py", "weekly.py"}


def imported(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tasks"):
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            for name in names:
                file = ROOT / f"{name.replace('.', '/')}.py"
                if file.exists() and file.parts[-2] not in NOT_ARITHMETIC:
                    yield file


@pytest.mark.parametrize("step", SOURCES)
def test_the_sources_of_a_step_are_all_files_that_it_imports(step: str):
    needed, waiting = set(), [ROOT / "tasks" / f"{step}.py"]
    while waiting:
        path = waiting.pop()
        if path.name not in FLOOR and path not in needed:
            needed.add(path)
            waiting += imported(path)
    missing = needed - set(SOURCES[step].files())
    assert {path.name for path in missing} <= BROUGHT_BY_SETTINGS


def test_every_table_of_python_has_sources():
    made = {m.built_by for m in models().values() if not m.select and m.seed is None}
    assert made - {"kpi_list", "scenario", "dictionary"} == set(SOURCES)
    assert all(m.made_from for m in models().values() if m.built_by in SOURCES)


@pytest.mark.parametrize("step", ["forecast", "plan", "budget"])
def test_what_a_step_reads_is_an_input_of_its_tables(step: str):
    """The names of teams in settings reached the staffing tables only with other changes."""
    inputs = {name for m in models().values() if m.built_by == step for name in m.inputs}
    asked = {
        name
        for each in reads().values()
        if each.name.startswith(f"{step}/")
        for name in each.inputs
        if each.name != "plan/other_scenarios"
    }
    assert asked - inputs <= MOVES_WITH_EVERY_RUN


def test_the_list_of_kpis_is_made_from_every_entry():
    """A KPI that was added reached `core.dim_kpi` never, and its rows were joined away."""
    listed = models()["core.dim_kpi"]
    assert all(row.title in listed.made_from for row in kpi_rows())
