"""Staging and the merge: rows in by key, nothing doubled, an older state never over a newer one.

Only rows that are new or different are written, so a second load of the same records changes
nothing. Among two states of one record the greater `version_at` wins; with equal versions, the one
received later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa

from tasks.entities import SURVEY_RESPONSE, Entity
from tasks.warehouse.changed_keys import touch_tickets
from tasks.warehouse.session import Session
from tasks.warehouse.tables import source_columns, sql_type

_ORDER = "stage_order"
_LONG_AGO = "timestamp with time zone '0001-01-01 00:00:00+00'"


@dataclass(frozen=True, slots=True)
class Origin:
    """What every row of a load has in common."""

    connector: str
    account: str
    stream: str
    batch_id: str


def _stage_name(entity: Entity) -> str:
    return f"stage_{entity.name}"


def create_stage(session: Session, entity: Entity) -> None:
    """Make an empty temporary table for the rows of a batch."""
    columns = [sa.Column(c.name, sql_type(c.kind)) for c in source_columns(entity)]
    table = sa.Table(
        _stage_name(entity),
        sa.MetaData(),
        *columns,
        sa.Column(_ORDER, sa.BigInteger()),
        prefixes=["TEMPORARY"],
    )
    session.execute(f"drop table if exists {_stage_name(entity)}")
    session.execute(sa.schema.CreateTable(table))


def stage(
    session: Session,
    entity: Entity,
    rows: pa.Table,
    origin: Origin,
    *,
    start: int,
) -> None:
    """Append rows to the stage: the entity's columns, page, record and received instant.

    `start` is the number of rows that are staged already.
    """
    size = rows.num_rows
    for name, value in (
        ("account", origin.account),
        ("connector", origin.connector),
        ("loaded_stream", origin.stream),
        ("loaded_batch", origin.batch_id),
    ):
        rows = rows.append_column(name, pa.repeat(pa.scalar(value, pa.string()), size))
    rows = rows.append_column(_ORDER, pa.array(range(start, start + size), pa.int64()))
    session.append(_stage_name(entity), rows)


def merge(session: Session, entity: Entity, origin: Origin, *, replaces: bool) -> int:
    """Merge the stage into `source.<entity>`; gives the number of changed rows.

    Runs in the caller's transaction. With `replaces`, rows of the same stream that the
    stage does not have are removed; agents and teams stay as inactive ones.
    """
    target, staged = f"source.{entity.name}", _stage_name(entity)
    key = ("account", *entity.key)
    names = [c.name for c in source_columns(entity)]
    listed = _list(names)
    several = f"select {_list(key)} from {staged} group by {_list(key)} having count(*) > 1"
    # only what decides, of records that came more than once: a million are not to be sorted for a
    # few
    session.execute(
        f"delete from {staged} where {_ORDER} in (select {_ORDER} from (select {_ORDER},"
        f" row_number() over (partition by {_list(key)} order by coalesce(version_at, {_LONG_AGO})"
        f" desc, received_at desc, {_ORDER} desc) as place from {staged} where ({_list(key)}) in"
        f" ({several})) as ranked where place > 1)"
    )
    removed = _remove_unreported(session, entity, origin, key) if replaces else 0
    same = " and ".join(f"t.{c} is not distinct from s.{c}" for c in ("connector", *entity.names))
    older = (
        f"coalesce(t.version_at, {_LONG_AGO}) > coalesce(s.version_at, {_LONG_AGO}) or"
        f" (coalesce(t.version_at, {_LONG_AGO}) = coalesce(s.version_at, {_LONG_AGO}) and"
        " t.received_at > s.received_at)"
    )
    if replaces:  # what was read later is the list of now, also where a record was made of others
        older = "t.received_at > s.received_at"
    # as a join: DuckDB would first tell apart the stage's rows in all columns for a `where exists`
    # with an `or`
    session.execute(
        f"delete from {staged} where {_ORDER} in (select s.{_ORDER} from {staged} as s join"
        f" {target} as t on {_match('t', 's', key)} where ({same}) or {older})"
    )
    changed = session.execute(f"select count(*) from {staged}").scalar_one()
    if changed:
        touch_tickets(session, target, names, staged)
        if entity is SURVEY_RESPONSE:
            _keep_former_scores(session, names)
        session.execute(
            f"delete from {target} as t where exists (select 1 from {staged} as s where"
            f" {_match('t', 's', key)})"
        )
        session.execute(f"insert into {target} ({listed}) select {listed} from {staged}")
        session.analyze(target)
    session.execute(f"drop table {staged}")
    return int(changed) + removed


@dataclass(frozen=True, slots=True)
class Replacing:
    """A staged row that would replace another content: its place, and where that came from."""

    order: int
    page_number: int
    record_number: int | None
    former_batch: str
    former_page: int
    key: tuple[object, ...]


def rows_that_replace(
    session: Session,
    entity: Entity,
    pages: Sequence[int],
) -> list[Replacing]:
    """Staged rows of some pages that would replace other content.

    Rows that say when they changed are not among them.
    """
    if not pages:
        return []
    key = ", ".join(f's."{name}"' for name in entity.key)
    same = " and ".join(f't."{name}" is not distinct from s."{name}"' for name in entity.names)
    rows = session.execute(
        f"select s.{_ORDER}, s.page_number, s.record_number, t.loaded_batch, t.page_number, {key}"
        f" from {_stage_name(entity)} as s join source.{entity.name} as t"
        f" on {_match('t', 's', ('account', *entity.key))}"
        f" where s.page_number in ({', '.join(str(int(page)) for page in pages)})"
        f" and s.version_at is null and t.version_at is null and not ({same})"
        f" order by s.{_ORDER}"
    ).all()
    return [
        Replacing(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            tuple(row[5:]),
        )
        for row in rows
    ]


def unstage(session: Session, entity: Entity, orders: Sequence[int]) -> None:
    """Take rows out of the stage again, by their order."""
    for at in range(0, len(orders), 1000):
        listed = ", ".join(str(int(order)) for order in orders[at : at + 1000])
        session.execute(f"delete from {_stage_name(entity)} where {_ORDER} in ({listed})")


def _keep_former_scores(session: Session, names: Sequence[str]) -> None:
    """Keep the CSAT of tickets that customers have changed: vendors report the latest score only.

    A score that is otherwise with the same version is one that is read otherwise now.
    """
    kept = {
        "response_id": "t.response_id || '/former/' || t.loaded_batch",
        "is_former": "true",
    }
    values = ", ".join(kept.get(name, f't."{name}"') for name in names)
    session.execute(
        f"insert into source.survey_response ({_list(names)}) select {values}"
        f" from source.survey_response as t join {_stage_name(SURVEY_RESPONSE)} as s"
        f" on {_match('t', 's', ('account', 'response_id'))}"
        " left join source.survey_response as f"
        f" on f.account = t.account and f.response_id = {kept['response_id']}"
        " where s.version_at > t.version_at and s.score is distinct from t.score"
        " and t.metric = 'csat' and t.score is not null and t.ticket_id is not null"
        " and f.response_id is null"
    )


def _remove_unreported(session: Session, entity: Entity, origin: Origin, key: Sequence[str]) -> int:
    """Remove rows that a whole list has no longer; people and teams stay, as inactive ones."""
    is_kept = "is_active" in entity.names
    where = (
        "t.account = :account and t.loaded_stream = :stream and not exists "
        f"(select 1 from {_stage_name(entity)} as s where {_match('t', 's', key)})"
        + (" and t.is_active is distinct from false" if is_kept else "")
    )
    values = {"account": origin.account, "stream": origin.stream}
    count = session.execute(
        f"select count(*) from source.{entity.name} as t where {where}", values
    ).scalar_one()
    if count:
        names = [c.name for c in source_columns(entity)]
        unreported = f"(select * from source.{entity.name} as t where {where})"
        touch_tickets(session, f"source.{entity.name}", names, unreported, values)
        table = f"source.{entity.name} as t"
        session.execute(
            f"update {table} set is_active = false where {where}"
            if is_kept
            else f"delete from {table} where {where}",
            values,
        )
    return int(count)


def _match(left: str, right: str, key: Sequence[str]) -> str:
    return " and ".join(f'{left}."{name}" = {right}."{name}"' for name in key)


def _list(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
