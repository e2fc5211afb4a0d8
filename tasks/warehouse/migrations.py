"""Creates what is missing and brings older warehouses up to date.

Never drops data; may be interrupted and run again.
"""

from collections.abc import Iterable, Iterator, Sequence

import psycopg
import sqlalchemy as sa

from tasks.clock import now
from tasks.errors import ConfigurationError, StorageError
from tasks.warehouse import constraints, own_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.session import Session
from tasks.warehouse.tables import (
    BUILT,
    FIELD_COLUMN,
    OPS,
    SCHEMA_VERSION,
    SCHEMAS,
    SOURCE,
    field_column,
    with_columns,
)

# (number, what it does, statements). Applied in order, each in one transaction with its row in
# ops.schema_version.
MIGRATIONS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (1, "first version: schemas, entities, books", ()),
    (
        2,
        (
            "measures, SLA clocks and daily tables are recomputed by time zone; derived"
            " tables only are dropped"
        ),
        tuple(
            f"drop table if exists {name}"
            for name in (
                "ops.run_parameter",
                "staging.message",
                "core.business_segment",
                "core.fct_ticket",
                "core.fct_status_interval",
                "core.fct_sla_clock",
                "core.snap_backlog_daily",
                "marts.kpi_daily",
            )
        ),
    ),
    (
        3,
        (
            "several budget lines a category, costs by month of service; the lines are read again"
            " from their file"
        ),
        tuple(
            f"drop table if exists {name}"
            for name in ("source.budget_line", "core.fct_budget_line", "core.fct_cost")
        ),
    ),
    (
        4,
        "the field's words for tables and columns; derived tables only are dropped",
        (
            "alter table if exists ops.forecast_told rename to forecast_published",
            "alter table if exists ops.touched_ticket rename to changed_ticket",
            *(
                f"alter table if exists ops.{name} rename column {before} to {after}"
                for name, before, after in (
                    ("forecast_published", "told_at", "published_at"),
                    ("alert", "says", "description"),
                    ("schema_version", "says", "description"),
                    ("notification", "is_well", "is_ok"),
                )
            ),
            *(
                f"drop table if exists {name}"
                for name in (
                    "core.dim_kpi",
                    "core.fct_sla_clock",
                    "marts.forecast_accuracy_daily",
                    "marts.forecast_history_daily",
                    "marts.forecast_score",
                    "marts.staffing_forecast",
                    "marts.staffing_requirement_daily",
                    "marts.staffing_requirement_interval",
                    "marts.staffing_roster_daily",
                )
            ),
        ),
    ),
)


def prepare(
    warehouse: Warehouse, models: Iterable[sa.Table] = (), *, thorough: bool = False
) -> None:
    """Create what is missing, with comments, and apply every migration.

    When `thorough` (the owner's `support-etl prepare`), all comments are written and model tables
    get their unique index at once, for a job whose role may do neither. Raises ConfigurationError
    for a warehouse that a newer version of this software has made, or that lacks something which
    the role may not create.
    """
    try:
        with warehouse.transaction() as session:
            _bring_up_to_date(session, list(models), thorough=thorough)
    except StorageError as trouble:
        if isinstance(
            getattr(trouble.__cause__, "orig", trouble.__cause__),
            psycopg.errors.InsufficientPrivilege,
        ):
            raise ConfigurationError(
                f"{trouble}; the warehouse lacks tables or columns of this version: let its owner"
                " run `support-etl prepare`, then run again"
            ) from None
        raise


def _bring_up_to_date(
    session: Session,
    models: list[sa.Table],
    *,
    thorough: bool,
) -> None:
    present = _schemas(session)
    for schema in SCHEMAS:
        if schema not in present:
            session.execute(f"create schema {schema}")
    existing = _existing(session)
    applied = _applied(session, existing)
    newest = MIGRATIONS[-1][0]
    if applied and max(applied) > newest:
        raise ConfigurationError(
            f"the warehouse is at schema version {max(applied)}, this software knows {newest}:"
            " install the newer one"
        )
    waiting = [m for m in MIGRATIONS if m[0] not in applied]
    if applied:
        _migrate(session, [s for _, _, statements in waiting for s in statements])
    existing = _existing(session) if waiting else existing
    tables = (*OPS, *SOURCE.values(), *models)
    own = [table for table in models if table.info["is_own"]]
    if models:
        own_tables.drop_outdated(session, own, existing)
    session.script(*(s for table in tables for s in _create_or_widen(session, table, existing)))
    changed = own_tables.note(session, own)
    session.script(*(s for table in changed for s in _comments(table, table.columns)))
    if thorough:
        session.script(*(s for table in tables for s in _comments(table, table.columns)))
        for table in tables:
            if table.schema in BUILT:
                index(session, table)
        constraints.enforce(session, models, is_built=False)
    for number, description, _ in waiting:
        session.execute(
            SCHEMA_VERSION.insert().values(
                version=number, description=description, applied_at=now()
            )
        )


def _migrate(session: Session, statements: Sequence[str]) -> None:
    """Run the statements of migrations; no foreign key may keep a table from being dropped."""
    if statements:
        constraints.release(session)
    for statement in statements:
        session.execute(statement)


def create(
    warehouse: Warehouse,
    tables: Iterable[sa.Table],
) -> None:
    """Only these tables, with comments, in an empty warehouse: for the copy that readers get."""
    listed = list(tables)
    with warehouse.transaction() as session:
        for schema in sorted({str(table.schema) for table in listed}):
            session.execute(f"create schema if not exists {schema}")
        session.script(*(s for table in listed for s in _create_or_widen(session, table, {})))


def present_columns(session: Session, table: sa.Table) -> set[str]:
    """The columns that a table has in this warehouse."""
    return _existing(session).get((str(table.schema), table.name), set())


def with_present_fields(session: Session, table: sa.Table) -> sa.Table:
    """The table with the columns of chosen fields that it has in this warehouse, if it has some."""
    if not table.info.get("has_fields"):
        return table
    present = present_columns(session, table)
    names = sorted(c.removeprefix(FIELD_COLUMN) for c in present if c.startswith(FIELD_COLUMN))
    return with_columns(table, map(field_column, names))


def widen(session: Session, table: sa.Table) -> None:
    """Add the columns that the table lacks in this warehouse, in the caller's transaction."""
    session.script(*_create_or_widen(session, table, _existing(session)))


def _schemas(session: Session) -> set[str]:
    """All that exist; information_schema would hide those of others."""
    catalog = (
        "select nspname from pg_catalog.pg_namespace"
        if session.dialect == "postgres"
        else "select schema_name from information_schema.schemata"
    )
    return set(session.execute(catalog).scalars())


def _existing(session: Session) -> dict[tuple[str, str], set[str]]:
    """Tables and their columns, whether or not the role may read them."""
    listed = ", ".join(f"'{schema}'" for schema in SCHEMAS)
    query = (
        "select table_schema, table_name, column_name from information_schema.columns where"
        f" table_schema in ({listed})"
    )
    if session.dialect == "postgres":
        query = (
            "select n.nspname, c.relname, a.attname from pg_catalog.pg_attribute as a join"
            " pg_catalog.pg_class as c on c.oid = a.attrelid join pg_catalog.pg_namespace as n on"
            " n.oid = c.relnamespace where a.attnum > 0 and not a.attisdropped and c.relkind in"
            f" ('r', 'p') and n.nspname in ({listed})"
        )
    columns: dict[tuple[str, str], set[str]] = {}
    for schema, name, column in session.execute(query):
        columns.setdefault((schema, name), set()).add(column)
    return columns


def _applied(
    session: Session,
    existing: dict[tuple[str, str], set[str]],
) -> set[int]:
    if ("ops", "schema_version") not in existing:
        return set()
    return set(session.execute(sa.select(SCHEMA_VERSION.c.version)).scalars())


def _create_or_widen(
    session: Session, table: sa.Table, existing: dict[tuple[str, str], set[str]]
) -> Iterator[str]:
    """Statements that create a missing table or add missing columns.

    New columns are nullable: old rows have no value for them.
    """
    name, key = f"{table.schema}.{table.name}", table.info["key"]
    columns = existing.get((str(table.schema), table.name))
    if columns is None:
        yield session.ddl(sa.schema.CreateTable(table))
        yield from _comments(table, table.columns)
        if (
            key and session.dialect == "postgres" and table.schema not in BUILT
        ):  # those get theirs with their first rows
            names = ", ".join(f'"{column}"' for column in key)
            yield f"create unique index on {name} ({names})"
        return
    missing = [column for column in table.columns if column.name not in columns]
    for column in missing:
        yield (f'alter table {name} add column "{column.name}" {session.ddl(column.type)}')
    made = {c.name: table.info["derived"].get(c.name) for c in missing}
    filled = [f'"{column}" = {expression}' for column, expression in made.items() if expression]
    if filled:
        yield f"update {name} set {', '.join(filled)}"
    if missing:
        yield from _comments(table, missing)


def index(session: Session, table: sa.Table) -> None:
    """Make a unique index on the grain of a model's table (PostgreSQL), if there is none yet.

    Tables with one-column keys get a primary key instead, from `constraints`.
    """
    if session.dialect != "postgres" or not table.info["key"] or table.info["primary"]:
        return
    name = f"{table.name}_grain"
    if (
        session.execute("select to_regclass(:name)", {"name": f"{table.schema}.{name}"}).scalar()
        is None
    ):
        listed = ", ".join(f'"{column}"' for column in table.info["key"])
        session.execute(f"create unique index {name} on {table.schema}.{table.name} ({listed})")


def _comments(
    table: sa.Table,
    columns: Iterable[sa.Column[object]],
) -> Iterator[str]:
    """Comments are written as literals: DDL takes no parameters.

    They come from our own files; quotes are doubled.
    """
    name = f"{table.schema}.{table.name}"
    if table.comment:
        yield f"comment on table {name} is {_literal(table.comment)}"
    for column in columns:
        if column.comment:
            yield f'comment on column {name}."{column.name}" is {_literal(column.comment)}'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
