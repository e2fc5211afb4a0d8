"""The week of `story.yml` through every model, on both warehouses: rows worked out by hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import event_log
import pytest
import yaml
from conftest import build_models, new_warehouse
from read_uses import uses
from test_models import CASES
from test_reads import samples

from tasks.entities import ENTITIES
from tasks.settings import load
from tasks.sqlmodels.cases import shown, wanted
from tasks.sqlmodels.catalog import models
from tasks.sqlmodels.kpis import kpis
from tasks.sqlmodels.reads import find, read, read_arrow
from tasks.warehouse.engine import Warehouse

HERE = Path(__file__).parent
STORY = yaml.safe_load((HERE / "story.yml").read_text())["given"]
EXPECTED: dict[str, Any] = yaml.safe_load((HERE / "story_expected.yml").read_text()) or {}
KPI_ROWS: dict[str, list[dict[str, Any]]] = {name: [] for name in kpis()}
for row in EXPECTED["marts.kpi_daily"]["rows"]:
    named = dict(zip(EXPECTED["marts.kpi_daily"]["columns"], row, strict=True))
    KPI_ROWS.setdefault(named.pop("kpi"), []).append(named)
for path in sorted((HERE / "kpi").glob("*.yml")):
    own = yaml.safe_load(path.read_text())
    KPI_ROWS[path.stem] = [dict(zip(own["columns"], row, strict=True)) for row in own["rows"]]
AS_OF = datetime(2026, 3, 7, tzinfo=UTC)


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


OF_KIND: dict[str, Callable[[Any], Any]] = {
    "instant": lambda value: value.replace(tzinfo=UTC),
    "day": _day,
    "text": str,
    "money": lambda value: Decimal(str(value)),
    "number": float,
}


def typed(entity: str, row: dict[str, Any]) -> dict[str, Any]:
    kinds = {name: ENTITIES[entity].column(name).kind for name in row}
    return {name: OF_KIND.get(kinds[name], lambda v: v)(value) for name, value in row.items()}


def build_story(url: str) -> Warehouse:
    warehouse = new_warehouse(url)
    event_log.load(
        warehouse, [(entity, typed(entity, row)) for entity, rows in STORY.items() for row in rows]
    )
    account = {
        "connector": "zendesk",
        "name": "acme",
        "subdomain": "x",
        "bots": ["api"],
        "escalation_teams": ["Tier 2"],
    }
    settings = load(
        warehouse={"url": url},
        business={"time_zone": "Europe/Berlin", "currency": "EUR"},
        accounts=(account,),
    )
    build_models(settings, warehouse, AS_OF)
    return warehouse


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def warehouse(request, tmp_path_factory, postgres):
    made = build_story(
        f"duckdb:///{tmp_path_factory.mktemp('story') / 'w.duckdb'}"
        if request.param == "duckdb"
        else postgres()
    )
    yield made
    made.dispose()


def rows(warehouse: Warehouse, table: str, columns: list[str], only: str) -> list[list[Any]]:
    listed = ", ".join(f'"{c}"' for c in columns)
    with warehouse.session() as session:
        result = session.fetch(f"select {listed} from {table} where {only}")
    return in_order([shown(v) for v in row] for row in result)


def in_order(result: Iterable[list[Any]]) -> list[list[Any]]:
    rounded = [[round(v, 6) if isinstance(v, float) else v for v in row] for row in result]
    return sorted(rounded, key=repr)


@pytest.mark.parametrize("model", sorted(set(EXPECTED) - {"marts.kpi_daily"}))
def test_rows_of_the_story(warehouse: Warehouse, model: str):
    case = EXPECTED[model]
    expected = in_order([wanted(v) for v in row] for row in case["rows"])
    assert rows(warehouse, model, case["columns"], case.get("only", "true")) == expected


@pytest.mark.parametrize("kpi", sorted(KPI_ROWS))
def test_rows_of_a_kpi(warehouse: Warehouse, kpi: str):
    assert KPI_ROWS[kpi], "add rows to kpi/<name>.yml, or to marts.kpi_daily of story_expected.yml"
    columns = list(KPI_ROWS[kpi][0])
    expected = in_order([wanted(row[c]) for c in columns] for row in KPI_ROWS[kpi])
    assert rows(warehouse, "marts.kpi_daily", columns, f"kpi = '{kpi}'") == expected


def test_every_sql_model_has_a_case():
    shown_models = {p.stem.rsplit(".", 1)[0] for p in CASES} | set(EXPECTED)
    missing = sorted({m.full_name for m in models().values() if m.select} - shown_models)
    assert missing == [], "add rows to story_expected.yml or a file cases/<model>.<case>.yml"


def test_every_read_gives_rows_of_its_type(warehouse: Warehouse):
    with warehouse.session() as session:
        for use in uses():
            given = samples(find(use.read))
            if use.row is None:
                read_arrow(session, use.read, **given)
            else:
                read(session, use.read, use.row, **given)
