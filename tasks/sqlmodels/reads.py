"""The queries that Python runs: `sql/reads/<step>/<name>.sql`, each described by a `.yml`.

A read is a SELECT in DuckDB's dialect; its parameters are `:name` and always bound. The `.yml`
gives the kind of every parameter and of every column, in the order of the SELECT.
`sql/reads/README.md` says how to write one.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import NoneType
from typing import TypeVar, get_args, get_type_hints

import pyarrow as pa

from tasks.entities import ARROW, Column
from tasks.errors import ModelError
from tasks.paths import SQL, read_yaml
from tasks.sqlmodels.dialects import tables_of, translated
from tasks.warehouse.session import Session

FOLDER = SQL / "reads"
_DRIVER_PARAMETER = re.compile(r"%\((\w+)\)s")  # as sqlglot writes a parameter for PostgreSQL

# kinds of columns and parameters, as Python has them; `texts` is a list, for `= any(:names)`
PYTHON: Mapping[str, type] = {
    "text": str,
    "whole": int,
    "number": float,
    "money": Decimal,
    "flag": bool,
    "instant": datetime,
    "day": date,
    "texts": list,
}

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the caller gives."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class Read:
    """One query that Python runs: `name` is its path below `sql/reads`, such as `plan/opening`."""

    name: str
    description: str
    columns: tuple[Column, ...]
    parameters: tuple[Parameter, ...]
    grain: tuple[str, ...]
    select: str

    @property
    def path(self) -> Path:
        """The file of its SELECT."""
        return FOLDER / f"{self.name}.sql"

    @property
    def is_own(self) -> bool:
        """Reads are shipped: only the code asks them."""
        return False

    @property
    def built_by(self) -> str:
        """A read is built by nobody: it is asked when it is needed."""
        return "read"

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns; the result of a query has no keys."""
        return self.columns

    @property
    def inputs(self) -> tuple[str, ...]:
        """Tables that the SELECT names."""
        return tables_of(self.select)

    @property
    def schema(self) -> pa.Schema:
        """The columns as Arrow has them."""
        return pa.schema([(column.name, ARROW[column.kind]) for column in self.columns])

    def render(self, dialect: str) -> str:
        """The SELECT in a warehouse's dialect, its parameters as `:name`."""
        if dialect == "duckdb":
            return self.select
        return _DRIVER_PARAMETER.sub(r":\1", translated(self.select, dialect))

    def check_parameters(self, given: Mapping[str, object]) -> None:
        """Raise ModelError where a parameter is missing, unknown, or of another kind."""
        self._same_names("parameter", [p.name for p in self.parameters], given)
        for parameter in self.parameters:
            value = given[parameter.name]
            if not isinstance(value, PYTHON[parameter.kind]):
                raise ModelError(
                    f"read {self.name}: parameter {parameter.name} is {type(value).__name__}, not"
                    f" {parameter.kind}"
                )

    def check_row(self, row: type) -> None:
        """Raise ModelError where a row type differs from the columns in names, order or kinds."""
        hints = get_type_hints(row)
        names = _field_names(row)
        self._same_names(f"field of {row.__name__}", [c.name for c in self.columns], names)
        if list(names) != [c.name for c in self.columns]:
            raise ModelError(f"read {self.name}: the fields of {row.__name__} are in another order")
        for column in self.columns:
            kinds = set(get_args(hints[column.name]) or (hints[column.name],)) - {NoneType}
            if kinds != {PYTHON[column.kind]}:
                raise ModelError(
                    f"read {self.name}: {row.__name__}.{column.name} has another type than"
                    f" {column.kind}"
                )

    def _same_names(
        self,
        what: str,
        wanted: Iterable[str],
        given: Iterable[str],
    ) -> None:
        missing, unknown = set(wanted) - set(given), set(given) - set(wanted)
        for word, names in (("no", missing), ("unknown", unknown)):
            if names:
                raise ModelError(f"read {self.name}: {word} {what} {', '.join(sorted(names))}")


def reads() -> dict[str, Read]:
    """All reads by name."""
    paths = sorted(FOLDER.glob("*/*.sql"))
    return {name: find(name) for name in (f"{p.parent.name}/{p.stem}" for p in paths)}


@cache
def find(name: str) -> Read:
    """The read of a name. Raises ModelError if there is none, or if it is not described."""
    sql, description = FOLDER / f"{name}.sql", FOLDER / f"{name}.yml"
    if not (sql.exists() and description.exists()):
        raise ModelError(f"read {name}: needs both {name}.sql and {name}.yml in sql/reads")
    described = read_yaml(description)
    return Read(
        name,
        described["description"],
        tuple(Column(column, *about) for column, about in described["columns"].items()),
        tuple(Parameter(given, *about) for given, about in described.get("parameters", {}).items()),
        tuple(described.get("grain", ())),
        sql.read_text(encoding="utf-8"),
    )


def read(
    session: Session,
    name: str,
    row: type[Row],
    **parameters: object,
) -> list[Row]:
    """Rows of a read, as `row`: a NamedTuple or a dataclass with the columns of the read in order.

    Raises ModelError where parameters, row type or result differ from the description, or where a
    column is null for which `row` does not allow None.
    """
    query = find(name)
    query.check_parameters(parameters)
    required = _required(query, row)
    result = session.execute(query.render(session.dialect), parameters)
    columns = list(result.keys())
    if columns != [column.name for column in query.columns]:
        raise ModelError(
            f"read {name}: gives {', '.join(columns)}, which is not what its .yml says"
        )
    rows = result.fetchall()
    for place in required:
        if any(values[place] is None for values in rows):
            raise ModelError(
                f"read {name}: {columns[place]} is null, which {row.__name__} does not allow"
            )
    make: Callable[..., Row] = row
    return [make(*values) for values in rows]


def read_one(
    session: Session,
    name: str,
    row: type[Row],
    **parameters: object,
) -> Row | None:
    """The only row of a read; None if there is none. Raises ModelError, as `read`, and for more."""
    rows = read(session, name, row, **parameters)
    if len(rows) > 1:
        raise ModelError(f"read {name}: gives {len(rows)} rows where there can be one")
    return rows[0] if rows else None


def read_arrow(
    session: Session,
    name: str,
    **parameters: object,
) -> pa.Table:
    """The columns of a read, in the Arrow types of their kinds. Raises ModelError, as `read`."""
    query = find(name)
    query.check_parameters(parameters)
    table = session.arrow(query.render(session.dialect), parameters)
    if table.column_names != query.schema.names:
        raise ModelError(
            f"read {name}: gives {', '.join(table.column_names)}, which is not what its .yml says"
        )
    return table.cast(query.schema)


@dataclass(frozen=True, slots=True)
class SessionReads:
    """The reads of a session's warehouse, for a room that knows no warehouse."""

    session: Session

    def rows(
        self,
        name: str,
        row: type[Row],
        **parameters: object,
    ) -> list[Row]:
        """As `read`."""
        return read(self.session, name, row, **parameters)

    def one(
        self,
        name: str,
        row: type[Row],
        **parameters: object,
    ) -> Row | None:
        """As `read_one`."""
        return read_one(self.session, name, row, **parameters)

    def columns(
        self,
        name: str,
        **parameters: object,
    ) -> pa.Table:
        """As `read_arrow`."""
        return read_arrow(self.session, name, **parameters)


def _required(
    query: Read,
    row: type,
) -> Sequence[int]:
    """Check the row type; give the places of its columns that must not be null."""
    query.check_row(row)
    hints = get_type_hints(row)
    return [
        place
        for place, column in enumerate(query.columns)
        if NoneType not in get_args(hints[column.name])
    ]


def _field_names(row: type) -> tuple[str, ...]:
    if is_dataclass(row):
        return tuple(field.name for field in fields(row))
    names: tuple[str, ...] = getattr(row, "_fields", ())
    return names
