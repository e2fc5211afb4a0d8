"""Small tables in, a small table out, on every warehouse.

The cases are in `cases/<model>.<case>.yml`.
"""

from pathlib import Path

import pytest
import sqlglot

from tasks.entities import ARROW, ENTITIES
from tasks.sqlmodels.cases import described, differences, parameters, read_case, typed
from tasks.sqlmodels.catalog import identities, models
from tasks.sqlmodels.kpis import kpis
from tasks.transform import model_tables
from tasks.warehouse.build import arrow_rows
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import MIGRATIONS, prepare

CASES = sorted(
    p for p in (Path(__file__).parent / "cases").glob("*.yml") if not p.name.startswith("reads.")
)
PARAMETERS = parameters()


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path, warehouse: Warehouse):
    with warehouse.transaction() as session:
        assert differences(session, read_case(path)) == ""


def test_the_produced_columns_are_the_documented_ones(warehouse: Warehouse):
    with warehouse.transaction() as session:
        for model in models().values():
            if model.select:
                result = session.fetch(
                    f"select * from ({model.render(session.dialect)}) as made limit 0"
                )
                assert result == []

                produced = list(
                    session.execute(
                        f"select * from ({model.render(session.dialect)}) as made limit 0"
                    ).keys()
                )
                assert sorted(produced) == sorted(c.name for c in model.columns), model.full_name


def test_every_table_and_column_has_a_comment_in_the_database(warehouse: Warehouse):
    with warehouse.session() as session:
        if warehouse.kind == "duckdb":
            bare = session.fetch(
                "select schema_name, table_name, column_name from duckdb_columns() where comment is"
                " null and schema_name in ('source', 'core', 'marts', 'staging', 'ops') and not"
                " internal",
            )
            tables = session.fetch("select table_name from duckdb_tables() where comment is null")
        else:
            bare = session.fetch(
                "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid ="
                " a.attrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname in"
                " ('source', 'core', 'marts', 'staging', 'ops') and a.attnum > 0 and c.relkind ="
                " 'r' and col_description(c.oid, a.attnum) is null",
            )
            tables = session.fetch(
                "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname in ('source', 'core', 'marts', 'ops') and c.relkind = 'r' and"
                " obj_description(c.oid) is null",
            )
    assert (bare, tables) == ([], [])


def test_tables_of_an_older_warehouse_take_what_is_new(warehouse: Warehouse):
    """Version 2 had one budget line a category, one row a cost, and other column names.

    Its unique indexes would refuse rows that are valid now.
    """
    text = "text" if warehouse.kind == "postgresql" else "varchar"
    with warehouse.transaction() as session:
        for name, key in (
            ("source.budget_line", "account, version, month_on, team, category"),
            ("core.fct_cost", "account, entry_id"),
        ):
            session.execute(f"drop table {name}")
            session.execute(
                f"create table {name} ({', '.join(f'{c} {text}' for c in key.split(', '))})"
            )
            session.execute(f"create unique index {name.replace('.', '_')}_grain on {name} ({key})")
        session.execute("delete from ops.schema_version where version > 2")
        session.execute("alter table ops.forecast_published rename column published_at to told_at")
        session.execute("alter table ops.forecast_published rename to forecast_told")
        session.execute("alter table ops.changed_ticket rename to touched_ticket")
        session.execute("alter table ops.alert rename column description to says")
        session.execute("alter table ops.schema_version rename column description to says")
        session.execute("alter table ops.notification rename column is_ok to is_well")
    prepare(warehouse, model_tables())
    with warehouse.transaction() as session:
        assert session.fetch("select max(version) from ops.schema_version") == [
            (MIGRATIONS[-1][0],)
        ]
        for name, differs in (("source.budget_line", "paid_for"), ("core.fct_cost", "month_on")):
            target = described(name)
            rows = [
                {
                    "version": "a",
                    "entry_id": "1",
                    "month_on": "2026-03-01",
                    "team": "T",
                    "category": "licences",
                    "kind": "fixed",
                    "currency": "EUR",
                    differs: value,
                }
                for value in ("2026-03-01", "2026-04-01")
            ]
            known = {column.name for column in target.columns}
            rows = [{k: v for k, v in row.items() if k in known} for row in rows]
            session.append(name, arrow_rows(target, [typed(row, target) for row in rows]))
            assert session.fetch(f"select count(*) from {name}") == [(2,)]


def test_every_kpi_has_a_definition():
    for kpi in kpis().values():
        assert kpi.shape in {"count", "level", "ratio", "mean", "level_mean"}
        assert all(
            (
                kpi.title,
                kpi.description,
                kpi.unit,
                kpi.numerator,
                kpi.denominator,
                kpi.better,
                kpi.attributed_to,
                kpi.owner,
                kpi.source,
            )
        )


def test_every_kind_has_an_arrow_type():
    assert {c.kind for e in ENTITIES.values() for c in e.columns} <= set(ARROW)


def test_the_inputs_of_a_model_are_the_tables_that_a_parser_finds():
    written = [m for m in (*models().values(), *identities().values()) if m.select]
    assert len(written) >= 60
    for model in written:
        tables = sqlglot.parse_one(model.select, read="duckdb").find_all(sqlglot.exp.Table)
        assert set(model.inputs) == {f"{t.db}.{t.name}" for t in tables if t.db}, model.full_name
