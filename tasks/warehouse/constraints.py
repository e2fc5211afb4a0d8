"""Primary and foreign keys of the tables that are built, on PostgreSQL.

They are added when a build has filled the tables, once: one query checks all rows, where a check
of each row would cost as much as the build. From then on PostgreSQL checks the rows that a build
changes, when the build is done (deferred): a row that is replaced goes and comes again in between.
DuckDB cannot defer a check, so its own file has no keys.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from tasks.warehouse.session import Session
from tasks.warehouse.tables import BUILT

_SCHEMAS = ", ".join(f"'{schema}'" for schema in BUILT)


def enforce(session: Session, tables: Iterable[sa.Table], *, is_built: bool = True) -> None:
    """Add the keys that are missing, where the role owns the table (PostgreSQL).

    Right after a build, every row has its dimensions. Else (`is_built` false, for the owner who
    prepares a warehouse for other roles) the foreign keys of tables with rows hold for new rows
    only, until they are checked after a later build.
    """
    if session.dialect != "postgres":
        return
    present = _present(session)
    owned = _owned(session)
    listed = [table for table in tables if table.info["links"] or table.info["primary"]]
    missing = [table for table in listed if _names(table) - set(present)]
    unchecked = [name for name, is_checked in present.items() if is_built and not is_checked]
    if not missing and not unchecked:
        return
    session.execute("set constraints all immediate")  # no check may wait while a table is altered
    mine = [table for table in listed if table.fullname in owned]
    session.script(*(s for table in mine for s in _primary(table, present)))
    session.script(
        *(
            statement
            for table in mine
            for is_checked in [is_built or _is_empty(session, table)]
            for statement in _foreign(table, present, owned, is_checked=is_checked)
        ),
        *(
            f"alter table {table.fullname} validate constraint {name}"
            for table in mine
            for name in sorted(_names(table) & set(unchecked))
        ),
    )


def check(session: Session) -> None:
    """Let PostgreSQL check the rows that changed now, and not when the transaction ends."""
    if session.dialect == "postgres":
        session.execute("set constraints all immediate")


def release(session: Session) -> None:
    """Take the foreign keys away, so that a migration may drop tables; a build adds them again."""
    if session.dialect != "postgres":
        return
    found = session.fetch(
        "select n.nspname, r.relname, c.conname from pg_constraint as c"
        " join pg_class as r on r.oid = c.conrelid join pg_namespace as n on n.oid = r.relnamespace"
        f" where c.contype = 'f' and n.nspname in ({_SCHEMAS})"
    )
    session.script(
        *(f"alter table {schema}.{table} drop constraint {name}" for schema, table, name in found)
    )


def _names(table: sa.Table) -> set[str]:
    primary = {_primary_name(table)} if table.info["primary"] else set()
    return primary | {_foreign_name(table, column) for column, _, _ in table.info["links"]}


def _primary_name(table: sa.Table) -> str:
    return f"{table.name}_pk"


def _foreign_name(table: sa.Table, column: str) -> str:
    return f"{table.name}_{column}_fk"


def _primary(table: sa.Table, present: Mapping[str, bool]) -> Iterable[str]:
    if not table.info["primary"] or _primary_name(table) in present:
        return
    columns = ", ".join(f'"{name}"' for name in table.info["primary"])
    name = _primary_name(table)
    yield f"alter table {table.fullname} add constraint {name} primary key ({columns})"
    # the index of the same rows by the vendor's ids, from before there were keys
    yield f"drop index if exists {table.schema}.{table.name}_grain"


def _foreign(
    table: sa.Table, present: Mapping[str, bool], owned: set[str], *, is_checked: bool
) -> Iterable[str]:
    for column, target, target_column in table.info["links"]:
        name = _foreign_name(table, column)
        if name not in present and target in owned:
            yield (
                f'alter table {table.fullname} add constraint {name} foreign key ("{column}")'
                f' references {target} ("{target_column}") deferrable initially deferred'
                + ("" if is_checked else " not valid")
            )


def _is_empty(session: Session, table: sa.Table) -> bool:
    return session.execute(f"select 1 from {table.fullname} limit 1").first() is None


def _present(session: Session) -> dict[str, bool]:
    """Primary and foreign keys by name, and whether all rows were checked."""
    found = session.fetch(
        "select c.conname, c.convalidated from pg_constraint as c join pg_namespace as n on n.oid ="
        f" c.connamespace where c.contype in ('p', 'f') and n.nspname in ({_SCHEMAS})"
    )
    return {str(name): bool(is_checked) for name, is_checked in found}


def _owned(session: Session) -> set[str]:
    """Tables that the role may alter."""
    found = session.fetch(
        "select n.nspname || '.' || r.relname from pg_class as r join pg_namespace as n on n.oid ="
        f" r.relnamespace where r.relkind = 'r' and n.nspname in ({_SCHEMAS})"
        " and pg_has_role(r.relowner, 'USAGE')"
    )
    return {str(row[0]) for row in found}
