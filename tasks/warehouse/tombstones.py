"""Marks of records that a vendor no longer has: rows of `source.tombstone`."""

from collections.abc import Mapping, Sequence

from tasks.clock import now
from tasks.entities import TOMBSTONE
from tasks.warehouse import runlog
from tasks.warehouse.changed_keys import touch_tickets
from tasks.warehouse.merge import Origin
from tasks.warehouse.session import Session
from tasks.warehouse.tables import SOURCE, source_columns

_TABLE = SOURCE["tombstone"]
_IS_MARK = (
    "account = :account and entity = :entity and record_id = :record_id"
    " and loaded_stream = :loaded_stream"
)


def bury(session: Session, origin: Origin, entity: str, records: Sequence[str]) -> None:
    """Mark records of an entity as deleted now, under the stream and batch of `origin`."""
    at = now()
    for record in records:
        mark = _mark(origin.account, origin.stream, entity, record)
        moments = {"deleted_at": at, "version_at": at, "received_at": at}
        session.execute(
            _TABLE.insert().values(
                **mark, **moments, connector=origin.connector, loaded_batch=origin.batch_id
            )
        )
        _touch(session, mark)
    if records:
        runlog.mark_changed(session, _TABLE.fullname)


def unbury(
    session: Session, account: str, stream: str, entity: str, records: Sequence[str]
) -> None:
    """Remove the marks of records that a stream has set."""
    for record in records:
        mark = _mark(account, stream, entity, record)
        _touch(session, mark)
        session.execute(f"delete from source.tombstone where {_IS_MARK}", mark)
    if records:
        runlog.mark_changed(session, _TABLE.fullname)


def _mark(account: str, stream: str, entity: str, record: str) -> dict[str, str]:
    return {
        "account": account,
        "entity": entity,
        "record_id": record,
        "loaded_stream": stream,
    }


def _touch(session: Session, mark: Mapping[str, str]) -> None:
    """The next build looks at the ticket of this mark."""
    names = [column.name for column in source_columns(TOMBSTONE)]
    marked = f"(select * from source.tombstone where {_IS_MARK})"
    touch_tickets(session, _TABLE.fullname, names, marked, mark)
