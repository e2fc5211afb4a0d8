"""An existing warehouse takes the changes of the `sql` folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
KPI = """
select
    created_at as happened_at,
    account,
    team_id,
    channel,
    priority,
    case when type = 'problem' then 1 else 0 end as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded
"""
ENTRY = """
problem_share:
  title: Share of problems
  description: Tickets of type problem
  shape: ratio
  unit: share
  numerator: Tickets of type problem
  denominator: Tickets
  better: lower
  attributed_to: day of creation
  owner: support-analytics
  source: test
"""


def _build(copy: Path, warehouse: Path) -> None:
    """The week of the story, by the code and the SQL of the copy."""
    script = f"from test_story import build_story; build_story('duckdb:///{warehouse}').dispose()"
    paths = (copy, copy / "tests", copy / "tests" / "models")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    subprocess.run([sys.executable, "-c", script], cwd=copy, env=environment, check=True)


def _count(warehouse: Path, table: str) -> int:
    with duckdb.connect(str(warehouse), read_only=True) as database:
        row = database.execute(
            f"select count(*) from {table} where kpi = 'problem_share'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_new_kpi_reaches_a_warehouse_that_exists(tmp_path: Path):
    """Its definition was left out: `core.dim_kpi` looked up to date."""
    copy, warehouse = tmp_path / "copy", tmp_path / "warehouse.duckdb"
    for folder in ("flows", "tasks", "sql", "expectations", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    _build(copy, warehouse)
    folder = copy / "sql" / "marts" / "kpi"
    (folder / "problem_share.sql").write_text(KPI)
    with (folder / "kpis.yml").open("a") as entries:
        entries.write(ENTRY)
    _build(copy, warehouse)
    assert _count(warehouse, "core.dim_kpi") == 1
    assert _count(warehouse, "marts.kpi_daily") > 0
