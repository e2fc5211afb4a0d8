"""Figures of the run log, for metrics: runs, loads, rows set aside, alerts, builds."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from tasks.warehouse.session import Session
from tasks.warehouse.tables import ALERT, BATCH, MODEL_RUN, QUARANTINE, RUN


class RunSpan(NamedTuple):
    """A run: how it ended, and when; `ended_at` is None while it is at work."""

    kind: str
    state: str
    started_at: datetime
    ended_at: datetime | None


class Load(NamedTuple):
    """The last load of a stream."""

    account: str
    stream: str
    loaded_at: datetime
    records: int | None
    changed: int | None
    rejected: int | None


class Waiting(NamedTuple):
    """Rows that wait in quarantine."""

    account: str
    stream: str
    entity: str
    rows: int


class AlertCount(NamedTuple):
    """Open alerts of a subject's account and a kind."""

    subject: str
    kind: str


class Build(NamedTuple):
    """The last build of a table."""

    model: str
    rows: int | None
    seconds: float | None


def runs(session: Session) -> list[RunSpan]:
    """All runs, the oldest first."""
    columns = (RUN.c[name] for name in RunSpan._fields)
    return [
        RunSpan(*row) for row in session.execute(sa.select(*columns).order_by(RUN.c.started_at))
    ]


def loads(session: Session) -> list[Load]:
    """The last load of each stream."""
    batch = BATCH.c
    latest = (
        sa.select(batch.account, batch.stream, sa.func.max(batch.loaded_at).label("loaded_at"))
        .group_by(batch.account, batch.stream)
        .subquery()
    )
    query = sa.select(
        batch.account,
        batch.stream,
        batch.loaded_at,
        sa.func.sum(batch.records_count),
        sa.func.sum(batch.changed_count),
        sa.func.sum(batch.quarantined_count),
    ).join(
        latest,
        sa.and_(
            batch.account == latest.c.account,
            batch.stream == latest.c.stream,
            batch.loaded_at == latest.c.loaded_at,
        ),
    )
    query = query.group_by(batch.account, batch.stream, batch.loaded_at)
    return [Load(*row) for row in session.execute(query.order_by(batch.account, batch.stream))]


def waiting(session: Session) -> list[Waiting]:
    """Rows in quarantine by stream and entity."""
    keys = (QUARANTINE.c.account, QUARANTINE.c.stream, QUARANTINE.c.entity)
    query = sa.select(*keys, sa.func.count()).where(QUARANTINE.c.state == "open").group_by(*keys)
    return [Waiting(*row) for row in session.execute(query.order_by(*keys))]


def alerts(session: Session) -> list[AlertCount]:
    """Open alerts."""
    query = sa.select(ALERT.c.subject, ALERT.c.kind).where(ALERT.c.is_open)
    return [AlertCount(*row) for row in session.execute(query)]


def builds(session: Session) -> list[Build]:
    """The last build of each table."""
    table = MODEL_RUN.c
    query = sa.select(table.model, table.rows_count, table.seconds).order_by(table.model)
    return [Build(*row) for row in session.execute(query)]
