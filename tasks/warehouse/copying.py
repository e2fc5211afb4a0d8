"""Copies one warehouse into another: all of it or nothing.

Tables are copied in Arrow batches, in one transaction of the target.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import sqlalchemy as sa

from tasks.errors import ConfigurationError, StorageError
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import create, widen, with_present_fields
from tasks.warehouse.session import Session
from tasks.warehouse.tables import OPS, SOURCE, WATERMARK

_LOT = 100_000


def copy_all(
    source: Warehouse,
    target: Warehouse,
    models: Iterable[sa.Table],
    progress: Callable[[str], None] = lambda text: None,
) -> int:
    """Every row of every table; gives their number. Both must be prepared, the target empty.

    Raises ConfigurationError for a target with rows, StorageError when a count differs afterwards;
    nothing is left behind.
    """
    rows = 0
    with source.session() as reading, target.transaction() as writing:
        own = [with_present_fields(reading, model) for model in models]
        for table in own:
            if table.info.get("has_fields"):
                widen(writing, table)
        tables = [*OPS, *SOURCE.values(), *own]
        _refuse_rows(writing, tables)
        for table in tables:
            name = f"{table.schema}.{table.name}"
            if table.schema == "ops":
                writing.execute(f"delete from {name}")  # the version that `prepare` has entered
            count = _copy(reading, writing, table, name)
            have = int(writing.execute(f"select count(*) from {name}").scalar_one())
            if have != count:
                raise StorageError(
                    f"{name}: {count} rows were read and {have} are there; nothing was migrated"
                )
            rows += count
            if count:
                progress(f"{name}: {count:,} rows")
        writing.analyze()
    return rows


def copy_for_readers(session: Session, tables: Sequence[sa.Table], target: str) -> None:
    """Write a DuckDB file with these tables and the watermark, and put it in place by rename.

    Readers see one version or the next, and never lock the warehouse. Raises StorageError.
    """
    temporary = f"{target}.tmp"
    try:
        for leftover in (temporary, f"{temporary}.wal"):
            Path(leftover).unlink(missing_ok=True)
        Path(target).absolute().parent.mkdir(parents=True, exist_ok=True)
        listed = [*(with_present_fields(session, table) for table in tables), WATERMARK]
        copy = Warehouse(f"duckdb:///{temporary}")
        create(copy, listed)
        copy.dispose()
        literal = temporary.replace("'", "''")
        session.execute(f"attach '{literal}' as published")
        for table in listed:
            name = f"{table.schema}.{table.name}"
            # named: an older warehouse has columns in another order, and some that went since
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            session.execute(f"insert into published.{name} ({names}) select {names} from {name}")
        session.commit()
        session.execute("detach published")
        os.replace(temporary, target)
    except OSError as trouble:
        raise StorageError(f"warehouse.published {target}: {trouble.strerror}") from None


def _refuse_rows(writing: Session, tables: Iterable[sa.Table]) -> None:
    for table in tables:
        name = f"{table.schema}.{table.name}"
        if table.schema != "ops" and writing.execute(f"select 1 from {name} limit 1").first():
            raise ConfigurationError(
                f"{name} of the target has rows; migrate into an empty warehouse"
            )


def _copy(
    reading: Session,
    writing: Session,
    table: sa.Table,
    name: str,
) -> int:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    count = 0
    for lot in reading.batches(f"select {names} from {name}", table, _LOT):
        writing.append(name, lot)
        count += lot.num_rows
    return count
