"""Opens the warehouse: DuckDB or PostgreSQL behind one small object.

The differences between engines live here.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import filelock
import psycopg
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tasks.errors import (
    ConfigurationError,
    NoTablesError,
    RunAtWorkError,
    StorageError,
    WarehouseBusyError,
)
from tasks.settings import WarehouseSettings
from tasks.warehouse.session import WHOLE_RESULTS, DuckDBSession, PostgresSession, Session

# models are few and large: compiling each costs more than it saves, and sorts and hashes should
# stay in memory
_PG_OPTIONS = "-c timezone=UTC -c jit=off -c work_mem=128MB -c enable_nestloop=off"
# rows written in the same transaction have no statistics yet, and join orders guessed without them
# took a thousand times as long; joins run as our SQL writes them
_NOT_OPTIMIZED = "join_order"
_PG_LOCK = 7_305_411  # any number; the same for every run of this software


class Warehouse:
    """A warehouse by URL. One writer at a time: `held()` refuses a second run."""

    def __init__(self, url: str, *, memory_limit: str = "", threads: int = 0) -> None:
        try:
            self.url = sa.make_url(url)
        except (sa.exc.ArgumentError, ValueError):  # ValueError: the port is no number
            raise ConfigurationError(
                "warehouse.url is not a database URL such as duckdb:///warehouse.duckdb"
            ) from None
        self._limits = {
            name: value
            for name, value in (("memory_limit", memory_limit), ("threads", threads))
            if value
        }
        self.kind = self.url.get_backend_name()
        if self.kind not in {"duckdb", "postgresql"}:
            raise ConfigurationError(
                f"warehouse.url: {self.kind} is not supported; use duckdb or postgresql"
            )
        self.write_lock = threading.Lock()
        self._keeper: Session | None = None
        self._engine = self._make_engine()

    @classmethod
    def of(cls, settings: WarehouseSettings) -> "Warehouse":
        """The warehouse of the settings, within their limits."""
        return cls(settings.url, memory_limit=settings.memory_limit, threads=settings.threads)

    @property
    def path(self) -> Path | None:
        """The DuckDB file, or None."""
        return Path(self.url.database) if self.kind == "duckdb" and self.url.database else None

    def _make_engine(self) -> sa.Engine:
        if self.kind == "postgresql":
            url = self.url.set(drivername="postgresql+psycopg")
            # the lock's connection is silent for as long as a run takes: firewalls forget such ones
            return sa.create_engine(
                url,
                pool_pre_ping=True,
                connect_args={"options": _PG_OPTIONS, "connect_timeout": 15, "keepalives_idle": 60},
            )
        engine = sa.create_engine(self.url, poolclass=NullPool)

        @sa.event.listens_for(engine, "connect")
        def _prepare(connection: duckdb.DuckDBPyConnection, _record: object) -> None:
            try:
                self._set_options(connection)
            except duckdb.Error:
                # nobody else would: it would hold the file for as long as the process lives
                connection.close()
                raise

        return engine

    def _set_options(self, connection: duckdb.DuckDBPyConnection) -> None:
        for statement in ("set TimeZone = 'UTC'", WHOLE_RESULTS):  # of this connection alone
            connection.execute(statement)
        # the rest is of the whole database, and set by the first connection only: while another one
        # plans a query, a `set` frees what that one reads (a segmentation fault in one run of
        # thousands)
        known = connection.execute("select current_setting('disabled_optimizers')").fetchone()
        if known != (_NOT_OPTIMIZED,):
            for name, value in {**self._limits, "disabled_optimizers": _NOT_OPTIMIZED}.items():
                connection.execute(f"set {name} = '{value}'")

    def _session(self, connection: sa.Connection) -> Session:
        return (DuckDBSession if self.kind == "duckdb" else PostgresSession)(connection)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session and close it.

        Raises StorageError or WarehouseBusyError with what to do; errors of the engine inside the
        block become StorageError.
        """
        try:
            connection = self._engine.connect()
        except sa.exc.SQLAlchemyError as trouble:
            raise self._opening_error(trouble) from None
        except OSError as trouble:
            raise StorageError(f"warehouse {self.name}: {trouble.strerror or trouble}") from None
        try:
            yield self._session(connection)
        except (sa.exc.SQLAlchemyError, duckdb.Error, psycopg.Error) as trouble:
            raise self._error_inside(trouble) from trouble
        finally:
            _close(connection)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session in a transaction: all or nothing."""
        with self.session() as session, session.begin():
            yield session

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only run at work on the warehouse. Raises RunAtWorkError if another is."""
        if self.kind == "duckdb":
            with self._held_by_file():
                yield
            return
        with self.session() as session:
            got = session.execute("select pg_try_advisory_lock(:n)", {"n": _PG_LOCK}).scalar()
            session.commit()
            if not got:
                raise RunAtWorkError(
                    f"another run is at work on {self.name}; wait for it to end, then run again"
                )
            try:
                yield
            finally:
                with suppress(sa.exc.DBAPIError):  # a connection that broke took the lock with it
                    session.execute("select pg_advisory_unlock(:n)", {"n": _PG_LOCK})
                    session.commit()

    @contextmanager
    def _held_by_file(self) -> Iterator[None]:
        path = self.path
        if path is None:
            yield
            return
        lock = filelock.FileLock(f"{path}.lock", timeout=0)
        try:
            path.absolute().parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except filelock.Timeout:
            raise RunAtWorkError(
                f"another run is at work on {path}; wait for it to end, then run again"
            ) from None
        except OSError as trouble:
            raise StorageError(
                f"warehouse {path}: {trouble.strerror}; check the folder and its permissions"
            ) from None
        try:
            with (
                self.session() as keeper
            ):  # one open connection keeps DuckDB's file and cache open through the run
                self._keeper = keeper
                yield
        finally:
            self._keeper = None
            lock.release()

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def dispose(self) -> None:
        """Close pooled connections."""
        self._engine.dispose()

    def compact(self) -> None:
        """Rewrite the DuckDB file, so that nothing of deleted rows is left in it.

        No connection of this process may be open.
        """
        if self.path is None:
            return
        with filelock.FileLock(f"{self.path}.lock", timeout=60):
            self._rewrite(self.path)

    def _rewrite(self, path: Path) -> None:
        compact = Path(f"{path}.compact")
        compact.unlink(missing_ok=True)
        with self.session() as session:
            literal = str(compact).replace("'", "''")
            session.execute(f"attach '{literal}' as fresh")
            session.execute(f'copy from database "{path.stem}" to fresh')
            session.commit()
            session.execute("detach fresh")
        os.replace(compact, path)

    def _error_inside(self, trouble: Exception) -> StorageError:
        text = _first_line(trouble)
        if _is_missing_table(trouble):
            return NoTablesError(
                f"warehouse {self.name} has no tables yet, or not all; call `support-etl run`"
                f" (or `support-etl prepare`, which only creates them): {text}"
            )
        return StorageError(f"warehouse {self.name}: {text}")

    def _opening_error(self, trouble: Exception) -> StorageError:
        text = _first_line(trouble)
        if "lock" in text.lower():
            return WarehouseBusyError(
                f"warehouse {self.name} is held by another program ({text}); close it, then run"
                " again"
            )
        if self.path is not None and not os.access(self.path.absolute().parent, os.W_OK):
            return StorageError(
                f"warehouse {self.name}: its folder cannot be written; check the permissions"
            )
        return StorageError(f"warehouse {self.name} cannot be opened: {text}")


def _close(connection: sa.Connection) -> None:
    """Give a connection back, even where rolling back what is still open fails.

    An engine that is out of memory cannot do that either; SQLAlchemy drops the raw connection then,
    which rolls back as well.
    """
    with suppress(sa.exc.SQLAlchemyError, duckdb.Error, psycopg.Error):
        connection.close()


def _is_missing_table(trouble: Exception) -> bool:
    original = getattr(trouble, "orig", None) or trouble
    if isinstance(original, (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)):
        return True
    return isinstance(original, duckdb.CatalogException) and str(original).startswith(
        "Catalog Error: Table with name"
    )


def _first_line(trouble: Exception) -> str:
    """The engine's own words: one line, no SQL, no parameters."""
    original = getattr(trouble, "orig", None) or trouble
    lines = [line for line in str(original).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(trouble).__name__
