"""The week of `story.yml` through every model, on both warehouses: rows worked out by hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import event_log
import pytest
import sqlalchemy as sa
import yaml
from conftest import build_models, described, new_warehouse
from read_uses import uses
from test_models import CASES
from test_reads import samples
from tests_support import differences

from tasks.entities import ENTITIES
from tasks.settings import Settings, load
from tasks.sqlmodels.cases import shown, wanted
from tasks.sqlmodels.catalog import dictionary_rows, models
from tasks.sqlmodels.kpis import kpis
from tasks.sqlmodels.reads import find, read, read_arrow
from tasks.sqlmodels.star import every_link
from tasks.transform import model_tables
from tasks.warehouse.constraints import release
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.warehouse.session import Session

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
    build_models(settings_of(url), warehouse, AS_OF)
    return warehouse


def settings_of(url: str) -> Settings:
    account = {
        "connector": "zendesk",
        "name": "acme",
        "subdomain": "x",
        "bots": ["api"],
        "escalation_teams": ["Tier 2"],
    }
    return load(
        warehouse={"url": url},
        business={"time_zone": "Europe/Berlin", "currency": "EUR"},
        accounts=(account,),
    )


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


def enforced() -> set[tuple[str, str, str, str]]:
    """Table, column, and what it refers to."""
    return {
        (model.full_name, link.column, link.target, link.target_column)
        for model, link in every_link(models().values())
        if link.enforced
    }


def test_a_bi_tool_finds_the_relationships_in_the_catalogue_of_postgresql(warehouse: Warehouse):
    """The same reflection as Superset's; in DuckDB the data dictionary says it."""
    if warehouse.kind == "duckdb":
        with warehouse.session() as session:
            found = {
                tuple(row)
                for row in session.fetch(
                    "select schema_name || '.' || table_name, column_name, references_table,"
                    " references_column from marts.data_dictionary where is_enforced"
                )
            }
        assert found == enforced()
        return
    engine = sa.create_engine(warehouse.url.set(drivername="postgresql+psycopg"))
    catalogue = sa.inspect(engine)
    found = {
        (f"{schema}.{table}", key["constrained_columns"][0], target, key["referred_columns"][0])
        for schema in ("core", "marts")
        for table in catalogue.get_table_names(schema=schema)
        for key in catalogue.get_foreign_keys(table, schema=schema)
        for target in [f"{key['referred_schema']}.{key['referred_table']}"]
    }
    assert found == enforced()
    for model in models().values():
        if model.primary:
            primary = catalogue.get_pk_constraint(model.name, schema=model.schema)
            assert primary["constrained_columns"] == list(model.primary), model.full_name
    engine.dispose()


def test_the_wide_table_has_the_figures_of_the_long_one(warehouse: Warehouse):
    sums = ", ".join(
        f"sum({name}_{part})" for name in kpis() for part in ("numerator", "denominator")
    )
    with warehouse.session() as session:
        wide = session.fetch(f"select {sums} from marts.kpi_wide_daily")[0]
        long = {
            row[0]: (row[1], row[2])
            for row in session.fetch(
                "select kpi, sum(numerator), sum(denominator) from marts.kpi_daily group by kpi"
            )
        }
    found = dict(zip(kpis(), zip(wide[::2], wide[1::2], strict=True), strict=True))
    assert {name: pair for name, pair in found.items() if pair != (None, None)} == {
        name: pytest.approx(pair) for name, pair in long.items()
    }


def test_every_day_has_its_calendar(warehouse: Warehouse):
    """Without a gap, and with the work days of the calendar."""
    with warehouse.session() as session:
        days, first, last = session.fetch("select count(*), min(day), max(day) from core.dim_date")[
            0
        ]
        assert days == (last - first).days + 1
        names = "day, iso_year, iso_week, week_starts_on, month_starts_on, fiscal_year, weekday,"
        names += " is_workday, workday_of_month, workdays_in_month, day_of_month, days_in_month"
        same = session.fetch(
            f"select {names} from staging.known_day except select {names} from core.dim_date"
        )
        assert same == []


def test_the_dictionary_lists_every_column_with_its_unit(warehouse: Warehouse):
    listed = {(r.schema_name, r.table_name, r.column_name): r for r in dictionary_rows()}
    with warehouse.session() as session:
        found = {
            tuple(row)
            for row in session.fetch(
                "select table_schema, table_name, column_name from information_schema.columns"
                " where table_schema in ('core', 'marts')"
            )
        }
    assert found == set(listed)
    assert all(row.description and row.table_description for row in listed.values())
    assert all(row.unit for row in listed.values() if row.kind in {"whole", "number", "money"})


SINCE_0_2 = {  # columns that version 0.2.0 did not have, keys left out
    "core.dim_agent": ["is_inferred"],
    "core.dim_customer": ["is_inferred", "name"],
    "core.dim_date": [
        *("year", "quarter", "quarter_starts_on", "month", "month_name", "holiday"),
        *("fiscal_quarter", "fiscal_period", "weekday_name"),
    ],
    "core.dim_organization": ["is_inferred"],
    "core.dim_team": ["is_inferred"],
    "core.fct_ticket": ["created_hour"],
    "ops.reporting_setting": ["fiscal_year_month"],
}
TABLES_SINCE_0_2 = {"core.dim_hour", "core.dim_holiday", "core.fct_survey_comment"} | {
    *("marts.kpi_wide_daily", "marts.data_dictionary"),
    *(f"staging.known_{name}" for name in ("agent", "customer", "day", "organization", "team")),
}


def as_in_0_2(session: Session) -> None:
    """Remove what the keys added; the index of the grain is older than they are."""
    for name in sorted(TABLES_SINCE_0_2):
        session.execute(f"drop table {name}")
    for name, columns in SINCE_0_2.items():
        for column in columns:
            session.execute(f"alter table {name} drop column {column}")
    for model in models().values():
        if model.full_name in TABLES_SINCE_0_2:
            continue
        for key in model.keys:
            session.execute(f"alter table {model.full_name} drop column {key.column.name}")
        if model.primary and session.dialect == "postgres":
            listed = ", ".join(model.grain)
            name = f"{model.name}_grain"
            session.execute(
                f"alter table {model.full_name} drop constraint if exists {model.name}_pk"
            )
            session.execute(f"create unique index {name} on {model.full_name} ({listed})")
    changed = ", ".join(f"'{name}'" for name in (*TABLES_SINCE_0_2, *SINCE_0_2))
    session.execute(f"delete from ops.model_run where model in ({changed})")


def every_row(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    with warehouse.session() as session:
        return {
            name: sorted((tuple(row) for row in session.fetch(query)), key=repr)
            for name, columns in described("core", "marts").items()
            for query in [f"select {', '.join(columns)} from {name}"]
        }


def test_a_warehouse_of_version_0_2_gets_keys_and_dimensions(warehouse: Warehouse):
    """By the next run, without loading anything again; the last test here, since it rebuilds."""
    before = every_row(warehouse)
    with warehouse.transaction() as session:
        release(session)
        for name, columns in SINCE_0_2.items():
            if "is_inferred" in columns:
                session.execute(f"delete from {name} where is_inferred")
    with warehouse.transaction() as session:
        as_in_0_2(session)
    prepare(warehouse, model_tables())
    build_models(settings_of(warehouse.url.render_as_string(hide_password=False)), warehouse, AS_OF)
    assert differences(before, every_row(warehouse)) == {}
    if warehouse.kind == "postgresql":
        with warehouse.session() as session:
            left = session.fetch(
                "select count(*) from pg_constraint where contype = 'f' and convalidated"
            )
            assert left == [(len(enforced()),)]
            assert session.execute("select to_regclass('core.fct_ticket_grain')").scalar() is None
