"""What opening a connection does to the database that others are at work on."""

from tasks.warehouse.engine import Warehouse


def test_opening_a_connection_changes_nothing_of_the_whole_database(tmp_path):
    """DuckDB frees what another connection's planner reads if it is set anew: the process dies, once in thousands of runs."""
    warehouse = Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", memory_limit="1GB", threads=1)
    ask = "select name, value from duckdb_settings() where name in ('disabled_optimizers', 'memory_limit', 'threads') order by 1"
    with warehouse.connect() as first:
        assert warehouse.fetch(first, ask) == [("disabled_optimizers", "join_order"), ("memory_limit", "953.6 MiB"), ("threads", "1")]
        for statement in ("set memory_limit = '500MB'", "set threads = 2"):
            first.exec_driver_sql(statement)
        told = warehouse.fetch(first, ask)
        with warehouse.connect() as second:
            assert warehouse.fetch(second, ask) == told
            assert warehouse.fetch(second, "select current_setting('TimeZone')") == [("UTC",)]


def test_a_query_for_the_plans_may_be_on_the_warehouse_itself(tmp_path):
    """It knows nothing of the limits; options given with the path would have to be the same."""
    limited, plain = Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", memory_limit="1GB"), Warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}")
    ask = "select current_setting('memory_limit')"
    with limited.connect() as first, plain.connect() as second:
        assert limited.fetch(first, ask) == plain.fetch(second, ask) == [("953.6 MiB",)]
