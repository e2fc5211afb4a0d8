"""Brings a table to the result of a SELECT, or to rows made by Python.

Only rows that differ are written, so a rebuild of the same changes none.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Union

import duckdb
import psycopg
import pyarrow as pa
import sqlalchemy as sa

from tasks.entities import ARROW
from tasks.errors import ModelError, StorageError
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import SIDE, ChangedKeys
from tasks.warehouse.migrations import index
from tasks.warehouse.session import Session
from tasks.warehouse.tables import written_columns

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LOT = 50_000  # rows made by Python that are held at once


_MANY = 10_000  # rows of a first build beyond which single tickets and days are not noted
_OF_THE_WAREHOUSE = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.InternalException,
    psycopg.OperationalError,
)
# a dataclass whose fields are the columns of a table, or a mapping with them as keys
TableRow = Union["DataclassInstance", Mapping[str, object]]


def build(
    session: Session,
    table: sa.Table,
    select: str,
    *,
    only: str = "",
    changed_keys: ChangedKeys | None = None,
) -> tuple[int, int]:
    """Rows made by the SELECT, and rows changed. Runs in the caller's transaction.

    With `only`, a condition on the table's rows, the SELECT stands for those rows and the others
    stay. `changed_keys` takes in what changed. Raises ModelError with the database's words, and
    StorageError where not the SELECT is at fault but disk, memory or connection.
    """
    columns = written_columns(table)
    names = [column.name for column in columns]
    kinds = {column.name: session.ddl(column.type) for column in columns}
    picked = ", ".join(f'cast("{name}" as {kinds[name]}) as "{name}"' for name in names)
    where = f" where {only}" if only else ""
    made = f"select {picked} from ({select}) as made{where}"
    try:
        if _is_empty(session, table):
            return _first_fill(session, table, names, made, changed_keys)
        fresh = f"fresh_{table.name}"
        session.script(f"drop table if exists {fresh}", f"create temporary table {fresh} as {made}")
        return _apply(session, table, fresh, names, where=where, changed_keys=changed_keys)
    except (sa.exc.SQLAlchemyError, duckdb.Error, psycopg.Error) as trouble:
        cause = getattr(trouble, "orig", trouble)
        words = str(cause).strip().splitlines()[0]
        if isinstance(cause, _OF_THE_WAREHOUSE):
            raise StorageError(f"table {table.schema}.{table.name}: {words}") from trouble
        raise ModelError(
            f"model {table.schema}.{table.name}: {words}; it stays as it was"
        ) from trouble


def _insertion(table: sa.Table, names: Sequence[str], rows: str) -> str:
    """The statement that adds `rows`, each with the keys that are made of its columns."""
    derived: Mapping[str, str] = table.info["derived"]
    into = ", ".join(f'"{name}"' for name in (*names, *derived))
    picked = ", ".join([*(f'"{name}"' for name in names), *derived.values()])
    return f"insert into {table.schema}.{table.name} ({into}) select {picked} from {rows}"


def _is_empty(session: Session, table: sa.Table) -> bool:
    return session.execute(f"select 1 from {table.schema}.{table.name} limit 1").first() is None


def _first_fill(
    session: Session,
    table: sa.Table,
    names: Sequence[str],
    made: str,
    changed_keys: ChangedKeys | None,
) -> tuple[int, int]:
    """Straight into the empty table."""
    target = f"{table.schema}.{table.name}"
    session.script(_insertion(table, names, f"({made}) as made"))
    rows = int(session.execute(f"select count(*) from {target}").scalar_one())
    if changed_keys is not None and rows > _MANY:
        changed_keys.note_all(table)
    elif changed_keys is not None:
        changed_keys.note(table, f"(select *, 1 as {SIDE} from {target}) as came")
    index(session, table)  # after the first rows: building it once is cheaper than keeping it up
    session.analyze(target)
    return rows, rows


def fill(
    session: Session,
    table: sa.Table,
    rows: Iterable[TableRow],
) -> tuple[int, int]:
    """Like `build`, from rows made by Python, which are taken as they come, a lot at a time."""
    fresh = f"fresh_{table.name}"
    columns = written_columns(table)
    names = [column.name for column in columns]
    session.execute(f"drop table if exists {fresh}")
    made = sa.Table(
        fresh,
        sa.MetaData(),
        *(sa.Column(c.name, c.type) for c in columns),
        prefixes=["TEMPORARY"],
    )
    session.execute(sa.schema.CreateTable(made))
    coming = iter(rows)
    while lot := list(islice(coming, _LOT)):
        session.append(fresh, arrow_rows(table, lot))
    return _apply(session, table, fresh, names)


def rebuild(
    session: Session,
    table: sa.Table,
    rows: Iterable[TableRow],
    *,
    run_id: str,
    state: str,
    started: float,
) -> tuple[int, int]:
    """`fill`, and the entry in the books that says what it was made from."""
    name = f"{table.schema}.{table.name}"
    count, changed = fill(session, table, rows)
    if changed:
        runlog.mark_changed(session, name)
    runlog.record_model(
        session,
        {
            "model": name,
            "run_id": run_id,
            "inputs": state,
            "rows_count": count,
            "changed_count": changed,
            "seconds": time.perf_counter() - started,
        },
    )
    return count, changed


def arrow_rows(
    table: sa.Table,
    rows: Sequence[TableRow],
) -> pa.Table:
    """Python rows as an Arrow table of the table's types; texts of seeds are cast.

    Raises ModelError for a row with an unknown or a missing key.
    """
    written = written_columns(table)
    names = {column.name for column in written}
    for keys in {_keys(row) for row in rows}:
        for word, odd in (("no", names - keys), ("unknown", keys - names)):
            if odd:
                listed = ", ".join(sorted(odd))
                raise ModelError(f"{table.fullname}: a row has {word} key {listed}")
    columns = {}
    for column in written:
        values = [_value(row, column.name) for row in rows]
        columns[column.name] = pa.array(values, ARROW[column.info["kind"]])
    return pa.table(columns)


def _keys(row: TableRow) -> frozenset[str]:
    return frozenset(row) if isinstance(row, Mapping) else _field_names(type(row))


@cache
def _field_names(row: type) -> frozenset[str]:
    return frozenset(field.name for field in fields(row))


def _value(row: TableRow, name: str) -> object:
    return row[name] if isinstance(row, Mapping) else getattr(row, name)


def _is_in(table: sa.Table, rows: str) -> str:
    """Condition: row `t` of the table is one of `rows`.

    By `in`: for a `where exists` DuckDB would group the whole table first.
    """
    key = ", ".join(f'"{name}"' for name in table.info["key"])
    if key:
        return f"({key}) in (select {key} from {rows} as r)"
    names = [column.name for column in written_columns(table)]
    same = " and ".join(f't."{name}" is not distinct from r."{name}"' for name in names)
    return f"exists (select 1 from {rows} as r where {same})"


def _apply(
    session: Session,
    table: sa.Table,
    fresh: str,
    names: Sequence[str],
    *,
    where: str = "",
    changed_keys: ChangedKeys | None = None,
) -> tuple[int, int]:
    listed = ", ".join(f'"{name}"' for name in names)
    rows = session.execute(f"select count(*) from {fresh}").scalar_one()
    removed, added = _differences(session, table, fresh, listed, where, changed_keys)
    if added or removed:
        session.analyze(f"{table.schema}.{table.name}")
    session.script(f"drop table {fresh}")
    return int(rows), max(removed, added)


def _differences(
    session: Session,
    table: sa.Table,
    fresh: str,
    listed: str,
    where: str,
    changed_keys: ChangedKeys | None,
) -> tuple[int, int]:
    """Write only the rows that differ; gives rows removed and rows added."""
    target = f"{table.schema}.{table.name}"
    key = table.info["key"]
    differs = f"differs_{table.name}"
    both = (
        f"select {listed}, 1 as {SIDE} from {fresh} union all select {listed}, -1 from"
        f" {target}{where}"
    )
    session.script(
        f"drop table if exists {differs}",
        f"create temporary table {differs} as select {listed}, min({SIDE}) as {SIDE} from ({both})"
        f" as both_sides group by {listed} having min({SIDE}) = max({SIDE})",
    )
    removed, added = session.execute(
        f"select count(*) filter (where {SIDE} < 0), count(*) filter (where {SIDE} > 0) from"
        f" {differs}"
    ).one()
    if removed:
        session.script(
            f"delete from {target} as t where"
            f" {_is_in(table, f'(select * from {differs} where {SIDE} < 0)')}",
        )
    if added:
        order = ", ".join(f'"{name}"' for name in key) if key else "1"
        added_rows = f"{differs} where {SIDE} > 0 order by {order}"
        session.script(_insertion(table, [c.name for c in written_columns(table)], added_rows))
    if changed_keys is not None:
        changed_keys.note(table, differs if removed or added else None)
    session.script(f"drop table {differs}")
    return int(removed), int(added)


def read_columns(
    session: Session,
    table: str,
    names: Sequence[str],
) -> pa.Table:
    """These columns of a schema-qualified table, all rows."""
    listed = ", ".join(f'"{name}"' for name in names) or "1 as one"
    return session.arrow(f"select {listed} from {table}")
