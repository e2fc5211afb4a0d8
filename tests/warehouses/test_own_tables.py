"""Tables that a folder adds: made, made again in another shape, dropped; nobody else's are."""

import pytest

from tasks.entities import Column
from tasks.errors import ConfigurationError
from tasks.transform import model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.warehouse.tables import Table, table

DAY = Column("day", "day", "Local day", required=True)
COUNT = Column("tickets_count", "whole", "Tickets")


def own(*columns: Column, text: str = "Tickets by day", key: tuple[str, ...] = ("day",)) -> Table:
    return table("marts", "own_days", columns, text, key, is_own=True)


def bring(warehouse: Warehouse, *tables: Table) -> None:
    prepare(warehouse, [*model_tables(), *tables])


def fetch(warehouse: Warehouse, statement: str) -> list[tuple[object, ...]]:
    with warehouse.session() as session:
        return [tuple(row) for row in session.fetch(statement)]


def insert(warehouse: Warehouse, values: str) -> None:
    with warehouse.transaction() as session:
        session.execute(f"insert into marts.own_days values ({values})")


def test_an_own_table_follows_its_description(warehouse: Warehouse):
    bring(warehouse, own(DAY, COUNT))
    insert(warehouse, "date '2026-03-01', 3")
    bring(warehouse, own(DAY, COUNT, text="Tickets by local day"))
    assert fetch(warehouse, "select tickets_count from marts.own_days") == [(3,)], "kept"
    comment = (
        "select comment from duckdb_tables() where table_name = 'own_days'"
        if warehouse.kind == "duckdb"
        else "select obj_description('marts.own_days'::regclass)"
    )
    assert fetch(warehouse, comment) == [("Tickets by local day",)]
    text = Column("tickets_count", "text", "Tickets, as a word")
    bring(warehouse, own(DAY, text, key=("day", "tickets_count")))
    insert(warehouse, "date '2026-03-01', 'three'")
    assert fetch(warehouse, "select tickets_count from marts.own_days") == [("three",)]
    bring(warehouse)
    with pytest.raises(Exception, match="own_days"):
        fetch(warehouse, "select 1 from marts.own_days")
    assert fetch(warehouse, "select table_name from ops.own_table") == []


def test_a_table_that_somebody_else_made_is_not_taken(warehouse: Warehouse):
    with warehouse.transaction() as session:
        session.execute("create table marts.own_days (day date)")
    insert(warehouse, "date '2026-03-01'")
    with pytest.raises(ConfigurationError, match=r"marts\.own_days is in the warehouse already"):
        bring(warehouse, own(DAY, COUNT))
    bring(warehouse)
    assert fetch(warehouse, "select count(*) from marts.own_days") == [(1,)]
