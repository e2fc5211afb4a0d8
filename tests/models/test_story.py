"""The week of `story.yml` through every model, on both warehouses: rows worked out by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import event_log
import pytest
import yaml
from conftest import begun
from test_models import CASES, shown, wanted

from flows.runner import ThreadRunner
from flows.transform import build_tables
from tasks.entities import ENTITIES
from tasks.settings import load
from tasks.sqlmodels.catalog import kpis, models
from tasks.warehouse.engine import Warehouse

HERE = Path(__file__).parent
STORY = yaml.safe_load((HERE / "story.yml").read_text())["given"]
EXPECTED: dict[str, Any] = yaml.safe_load((HERE / "story_expected.yml").read_text()) or {}
AS_OF = datetime(2026, 3, 7, tzinfo=UTC)


def typed(entity: str, row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        kind = ENTITIES[entity].column(name).kind
        if kind == "instant":
            value = value.replace(tzinfo=UTC)
        elif kind == "day" and not isinstance(value, date):
            value = date.fromisoformat(value)
        found[name] = (
            str(value)
            if kind == "text"
            else (
                Decimal(str(value))
                if kind == "money"
                else float(value)
                if kind == "number"
                else value
            )
        )
    return found


def build_story(url: str) -> Warehouse:
    warehouse = begun(url)
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
    build_tables(settings, warehouse, ThreadRunner(1), run_id="r", as_of=AS_OF)
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


@pytest.mark.parametrize("model", sorted(EXPECTED))
def test_rows_of_the_story(warehouse: Warehouse, model: str):
    case = EXPECTED[model]
    columns = case["columns"]
    where = f" where {case['only']}" if "only" in case else ""
    with warehouse.session() as session:
        listed = ", ".join(f'"{c}"' for c in columns)
        found = [
            [shown(v) for v in row] for row in session.fetch(f"select {listed} from {model}{where}")
        ]
    expected = [[wanted(v) for v in row] for row in case["rows"]]
    found = [[round(v, 6) if isinstance(v, float) else v for v in row] for row in found]
    assert sorted(found, key=repr) == sorted(
        ([round(v, 6) if isinstance(v, float) else v for v in row] for row in expected), key=repr
    )


def test_every_sql_model_and_every_kpi_has_a_case():
    shown_models = {p.stem.rsplit(".", 1)[0] for p in CASES} | set(EXPECTED)
    assert {m.full_name for m in models().values() if m.select} <= shown_models
    assert {row[1] for row in EXPECTED["marts.kpi_daily"]["rows"]} == set(kpis())
