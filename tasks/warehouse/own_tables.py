"""Tables that the folder of the settings file adds, brought to the shape of their descriptions.

They are built from others, so none of them is altered: one of another shape is dropped and built
whole by the next build, and one that is described no longer is dropped for good. What is shipped is
never dropped here.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from tasks.clock import now
from tasks.errors import ConfigurationError
from tasks.warehouse import runlog
from tasks.warehouse.session import Session
from tasks.warehouse.tables import OWN_TABLE

Existing = dict[tuple[str, str], set[str]]  # columns by schema and table


class Known(NamedTuple):
    """What an own table was made from: fingerprints of its columns and of its descriptions."""

    shape: str
    texts: str


def drop_outdated(
    session: Session,
    tables: Iterable[sa.Table],
    existing: Existing,
) -> None:
    """Drop own tables that are gone from the folder, or have another shape there.

    They leave `existing`, too. Raises ConfigurationError for a table of that name which somebody
    else has made: a build would empty it.
    """
    wanted = {table.fullname: table for table in tables}
    known = _known(session, existing)
    for name, table in wanted.items():
        if name not in known and (str(table.schema), table.name) in existing:
            raise ConfigurationError(
                f"table {name} is in the warehouse already, and Support ETL did not make it from"
                " this folder; choose another name for yours, or drop that table"
            )
    for name, before in known.items():
        if name not in wanted or before.shape != _state_of(wanted[name]).shape:
            session.execute(f"drop table if exists {name}")
            runlog.forget_builds(session, [name])
            runlog.mark_changed(session, name)
            schema, _, short = name.partition(".")
            existing.pop((schema, short), None)
            session.execute(OWN_TABLE.delete().where(OWN_TABLE.c.table_name == name))


def note(
    session: Session,
    tables: Iterable[sa.Table],
) -> list[sa.Table]:
    """Note shape and descriptions of own tables; give those whose descriptions are others now."""
    known = _known(session, {("ops", "own_table"): set()})
    changed = [table for table in tables if known.get(table.fullname) != _state_of(table)]
    for table in changed:
        session.execute(OWN_TABLE.delete().where(OWN_TABLE.c.table_name == table.fullname))
        state = _state_of(table)._asdict()
        row = {"table_name": table.fullname, **state, "noted_at": now()}
        session.execute(OWN_TABLE.insert().values(**row))
    return changed


def _known(
    session: Session,
    existing: Existing,
) -> Mapping[str, Known]:
    if ("ops", "own_table") not in existing:
        return {}
    columns = (OWN_TABLE.c.table_name, OWN_TABLE.c.shape, OWN_TABLE.c.texts)
    return {
        name: Known(shape, texts) for name, shape, texts in session.execute(sa.select(*columns))
    }


def _state_of(table: sa.Table) -> Known:
    shape = [(column.name, column.info["kind"], column.nullable) for column in table.columns]
    texts = [table.comment, *(column.comment for column in table.columns)]
    return Known(_fingerprint((shape, table.info["key"])), _fingerprint(texts))


def _fingerprint(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
