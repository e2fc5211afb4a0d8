"""A session: one connection to the warehouse, with what steps and models do on it.

Whatever differs between the engines is in the two classes at the end.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, cast

import duckdb
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

from tasks.entities import ARROW

# With one thread, which is what a machine of one core has, DuckDB can hang where the result of a
# large union does not fit its buffer (1.5.6). Results are fetched whole, except by `batches`, whose
# queries read one table.
WHOLE_RESULTS = "set streaming_buffer_size = '1TB'"
_AS_IT_IS = {"no_parameters": True}  # without it, psycopg takes every % for a parameter
_RESULTS_IN_LOTS = "set streaming_buffer_size = '1MB'"

Values = Mapping[str, object]


class _Driver(Protocol):
    """What the drivers of DuckDB and PostgreSQL have in common."""

    def execute(self, query: str, /) -> object: ...


class Session(ABC):
    """One connection and its dialect.

    `Warehouse.session` and `Warehouse.transaction` open one, close it, and turn the engine's errors
    into ours.
    """

    dialect: ClassVar[str]  # as sqlglot calls it: duckdb or postgres

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def begin(self) -> sa.RootTransaction:
        """Start a transaction, a context manager: all or nothing."""
        return self._connection.begin()

    def commit(self) -> None:
        """Make everything since the last commit permanent."""
        self._connection.commit()

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        self._connection.rollback()

    def execute(
        self, statement: str | sa.Executable, values: Values | Sequence[Values] | None = None
    ) -> sa.CursorResult[*tuple[Any, ...]]:
        """Run a statement; text has its parameters as `:name`, and is run as it is without any."""
        if isinstance(statement, sa.Executable):
            return self._connection.execute(statement, values)
        if values is None:
            return self._connection.exec_driver_sql(statement, execution_options=_AS_IT_IS)
        return self._connection.execute(sa.text(statement), values)

    def fetch(self, statement: str, values: Values | None = None) -> Sequence[Any]:
        """Rows of a query."""
        return self.execute(statement, values or {}).fetchall()

    def script(self, *statements: str) -> None:
        """Run statements without parameters or results, all at once.

        Raises the driver's own errors. A round trip for each definition would cost a second in all,
        and SQLAlchemy's dialect reads a statement letter by letter.
        """
        if statements:
            cast("_Driver", self._driver).execute(";\n".join(statements))

    def text_columns(self) -> dict[str, list[str]]:
        """Every table of ours and its columns of text."""
        columns: dict[str, list[str]] = {}
        for schema, name, column in self.fetch(
            "select table_schema, table_name, column_name from information_schema.columns where"
            " data_type in ('text', 'VARCHAR') and table_schema in ('source', 'staging', 'core',"
            " 'marts', 'ops') order by 1, 2, ordinal_position"
        ):
            columns.setdefault(f"{schema}.{name}", []).append(column)
        return columns

    def ddl(self, element: sa.schema.ExecutableDDLElement | sa.types.TypeEngine[Any]) -> str:
        """A definition or a type in the engine's own words."""
        return str(element.compile(dialect=self._connection.dialect))

    @property
    def _driver(self) -> object:
        return self._connection.connection.driver_connection

    @abstractmethod
    def append(self, target: str, rows: pa.Table) -> None:
        """Append Arrow rows to `target` (schema-qualified or temporary) by the bulk path."""

    @abstractmethod
    def arrow(self, statement: str, values: Values | None = None) -> pa.Table:
        """A query's result as an Arrow table."""

    @abstractmethod
    def batches(self, statement: str, table: sa.Table, size: int) -> Iterator[pa.Table]:
        """The rows of a query on one table, in the types of `table`, `size` rows at a time."""

    @abstractmethod
    def analyze(self, target: str = "") -> None:
        """Refresh the statistics of a table, or of all: plans of the next queries need it."""


class DuckDBSession(Session):
    """A session on a DuckDB file."""

    dialect = "duckdb"

    @property
    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        return cast("duckdb.DuckDBPyConnection", self._driver)

    def append(self, target: str, rows: pa.Table) -> None:
        """Append through a view of the Arrow table."""
        self._duckdb.register("arrow_rows", rows)
        names = _listed(rows)
        self.execute(f"insert into {target} ({names}) select {names} from arrow_rows")
        self._duckdb.unregister("arrow_rows")

    def arrow(self, statement: str, values: Values | None = None) -> pa.Table:
        """Fetch without a detour through Python objects."""
        compiled = sa.text(statement).compile(dialect=self._connection.dialect)
        given = compiled.construct_params(values or {})
        ordered = [given[name] for name in getattr(compiled, "positiontup", None) or ()]
        return self._duckdb.execute(compiled.string, ordered).to_arrow_table()

    def batches(self, statement: str, table: sa.Table, size: int) -> Iterator[pa.Table]:
        """Stream; the buffer is small meanwhile."""
        schema = _schema(table)
        self._duckdb.execute(_RESULTS_IN_LOTS)
        for batch in self._duckdb.execute(statement).to_arrow_reader(size):
            yield pa.Table.from_batches([batch]).cast(schema)
        self._duckdb.execute(WHOLE_RESULTS)

    def analyze(self, target: str = "") -> None:
        """Do nothing: joins run as our SQL writes them."""


class PostgresSession(Session):
    """A session on a PostgreSQL database."""

    dialect = "postgres"

    def append(self, target: str, rows: pa.Table) -> None:
        """Append by COPY."""
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(rows, buffer, pyarrow.csv.WriteOptions(include_header=False))
        cursor = self._connection.connection.cursor()
        with cursor.copy(f"copy {target} ({_listed(rows)}) from stdin (format csv)") as copy:
            copy.write(buffer.getbuffer())

    def arrow(self, statement: str, values: Values | None = None) -> pa.Table:
        """Fetch rows and turn them into columns."""
        result = self._connection.execute(sa.text(statement), values or {})
        rows = [dict(row) for row in result.mappings()]
        if rows:
            return pa.Table.from_pylist(rows)
        names = list(result.keys())
        return pa.table({name: pa.array([], pa.null()) for name in names})

    def batches(self, statement: str, table: sa.Table, size: int) -> Iterator[pa.Table]:
        """Stream from a cursor on the server."""
        streaming = self._connection.execution_options(stream_results=True, yield_per=size)
        result = streaming.execute(sa.text(statement))
        for lot in result.mappings().partitions(size):
            yield pa.Table.from_pylist([dict(row) for row in lot], _schema(table))

    def analyze(self, target: str = "") -> None:
        """Run ANALYZE."""
        self.execute(f"analyze {target}")


def _listed(rows: pa.Table) -> str:
    return ", ".join(f'"{name}"' for name in rows.column_names)


def _schema(table: sa.Table) -> pa.Schema:
    return pa.schema([(column.name, ARROW[column.info["kind"]]) for column in table.columns])
