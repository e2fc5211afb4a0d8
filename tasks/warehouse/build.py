"""Brings a table to the result of a SELECT: only rows that differ are written, so a rebuild of the same changes none."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from tasks.entities import ARROW
from tasks.errors import ModelError
from tasks.warehouse import books
from tasks.warehouse.engine import Connection, Warehouse


def build(connection: Connection, table: sa.Table, select: str) -> tuple[int, int]:
    """Rows in the table afterwards, and rows changed. Runs in the caller's transaction.

    Raises ModelError with the database's words.
    """
    names = [column.name for column in table.columns]
    kinds = {column.name: column.type.compile(dialect=connection.dialect) for column in table.columns}
    picked = ", ".join(f'cast("{name}" as {kinds[name]}) as "{name}"' for name in names)
    fresh = f"fresh_{table.name}"
    connection.exec_driver_sql(f"drop table if exists {fresh}")
    try:
        connection.exec_driver_sql(
            _escaped(connection, f"create temporary table {fresh} as select {picked} from ({select}) as made")
        )
        return _apply(connection, table, fresh, names)
    except sa.exc.SQLAlchemyError as trouble:
        words = str(getattr(trouble, "orig", trouble)).strip().splitlines()[0]
        raise ModelError(f"model {table.schema}.{table.name}: {words}; no table was changed") from trouble


def fill(warehouse: Warehouse, connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Like `build`, from rows made by Python."""
    fresh = f"fresh_{table.name}"
    names = [column.name for column in table.columns]
    connection.exec_driver_sql(f"drop table if exists {fresh}")
    made = sa.Table(fresh, sa.MetaData(), *(sa.Column(c.name, c.type) for c in table.columns), prefixes=["TEMPORARY"])
    connection.execute(sa.schema.CreateTable(made))
    warehouse.append(connection, fresh, arrow_rows(table, rows))
    return _apply(connection, table, fresh, names)


def refill(
    warehouse: Warehouse, connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, run_id: str,
    state: str, started: float,
) -> tuple[int, int]:
    """`fill`, and the entry in the books that says what it was made from."""
    name = f"{table.schema}.{table.name}"
    count, changed = fill(warehouse, connection, table, rows)
    if changed:
        books.touch_table(connection, name)
    books.record_model(connection, {
        "model": name, "run_id": run_id, "inputs": state, "rows_count": count, "changed_count": changed,
        "seconds": time.perf_counter() - started,
    })
    return count, changed


def arrow_rows(table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Python rows as an Arrow table of the table's types; seeds give text, which is cast."""
    made = {}
    for column in table.columns:
        values = [row.get(column.name) for row in rows]
        made[column.name] = pa.array(values, ARROW[column.info["kind"]])
    return pa.table(made)


def _apply(connection: Connection, table: sa.Table, fresh: str, names: Sequence[str]) -> tuple[int, int]:
    target = f"{table.schema}.{table.name}"
    key = table.info["key"] or tuple(names)
    listed = ", ".join(f'"{name}"' for name in names)
    same_key = " and ".join(f't."{name}" is not distinct from d."{name}"' for name in key)
    gone, come = f"gone_{table.name}", f"come_{table.name}"
    for name, select in (
        (gone, f"select {listed} from {target} except select {listed} from {fresh}"),
        (come, f"select {listed} from {fresh} except select {listed} from {target}"),
    ):
        connection.exec_driver_sql(f"drop table if exists {name}")
        connection.exec_driver_sql(f"create temporary table {name} as {select}")
    rows = connection.exec_driver_sql(f"select count(*) from {fresh}").scalar_one()
    removed = connection.exec_driver_sql(f"select count(*) from {gone}").scalar_one()
    added = connection.exec_driver_sql(f"select count(*) from {come}").scalar_one()
    if removed:
        connection.exec_driver_sql(f"delete from {target} as t where exists (select 1 from {gone} as d where {same_key})")
    if added:
        order = ", ".join(f'"{name}"' for name in key)
        connection.exec_driver_sql(f"insert into {target} ({listed}) select {listed} from {come} order by {order}")
    if (added or removed) and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"analyze {target}")  # plans of the next models rest on it
    for name in (fresh, gone, come):
        connection.exec_driver_sql(f"drop table {name}")
    return int(rows), max(int(removed), int(added))


def _escaped(connection: Connection, statement: str) -> str:
    """Driver-level SQL of psycopg reads % as a parameter sign."""
    return statement.replace("%", "%%") if connection.dialect.driver == "psycopg" else statement
