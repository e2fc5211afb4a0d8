"""What opening a connection does to the database that others are at work on."""

import gc
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from tasks.errors import StorageError
from tasks.warehouse.engine import Warehouse


def test_opening_a_connection_changes_nothing_of_the_whole_database(tmp_path):
    """Setting an option again does not kill the process.

    DuckDB frees what another connection's planner reads: once in thousands of runs.
    """
    warehouse = Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", memory_limit="1GB", threads=1)
    ask = (
        "select name, value from duckdb_settings() where name in ('disabled_optimizers',"
        " 'memory_limit', 'threads') order by 1"
    )
    with warehouse.session() as first:
        assert first.fetch(ask) == [
            ("disabled_optimizers", "join_order"),
            ("memory_limit", "953.6 MiB"),
            ("threads", "1"),
        ]
        for statement in ("set memory_limit = '500MB'", "set threads = 2"):
            first.execute(statement)
        reported = first.fetch(ask)
        with warehouse.session() as second:
            assert second.fetch(ask) == reported
            assert second.fetch("select current_setting('TimeZone')") == [("UTC",)]


def test_a_query_for_the_plans_may_be_on_the_warehouse_itself(tmp_path):
    """It knows nothing of the limits; options given with the path would have to be the same."""
    limited, plain = (
        Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", memory_limit="1GB"),
        Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}"),
    )
    ask = "select current_setting('memory_limit')"
    with limited.session() as first, plain.session() as second:
        assert first.fetch(ask) == second.fetch(ask) == [("953.6 MiB",)]


def _is_free(path: Path) -> bool:
    """DuckDB refuses other options while a connection of this process has the file open."""
    try:
        duckdb.connect(str(path), config={"default_order": "desc"}).close()
    except duckdb.ConnectionException:
        return False
    return True


def test_a_connection_that_cannot_be_prepared_closes_the_file(tmp_path):
    gc.disable()  # it would let go as well, at some time
    try:
        with (
            pytest.raises(StorageError, match="Memory must have"),
            Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", memory_limit="much").session(),
        ):
            pass
        assert _is_free(tmp_path / "w.duckdb")
    finally:
        gc.enable()


def test_a_connection_that_cannot_roll_back_closes_the_file_and_frees_the_stream(tmp_path):
    """A rollback without memory fails too; this must not end the other streams."""
    warehouse = Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}")

    @sa.event.listens_for(warehouse._engine, "rollback")
    def _fail(_connection):
        raise duckdb.OutOfMemoryException("failed to allocate data of size 2.0 KiB")

    gc.disable()
    try:
        with warehouse.session() as session:
            assert session.fetch("select 1") == [(1,)]
            assert not _is_free(tmp_path / "w.duckdb")
        assert _is_free(tmp_path / "w.duckdb")
        with pytest.raises(StorageError, match="nowhere"), warehouse.session() as session:
            session.fetch("select * from nowhere")
        assert _is_free(tmp_path / "w.duckdb")
    finally:
        gc.enable()
