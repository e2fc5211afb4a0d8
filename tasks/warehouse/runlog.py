"""The run log in `ops`: runs, batches, bookmarks, quarantine, validation, drift, watermarks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from tasks.clock import now
from tasks.warehouse.session import Session
from tasks.warehouse.tables import (
    ALERT,
    BATCH,
    BOOKMARK,
    DRIFT,
    ERASED,
    MODEL_RUN,
    NOTIFICATION,
    QUARANTINE,
    RECONCILIATION,
    REPORTING_ZONE,
    RUN,
    TABLE_STATE,
    VALIDATION,
    WATERMARK,
)

Values = Mapping[str, Any]
_LOT = 500  # rows of one statement; PostgreSQL takes 65,535 values in one


def _put(session: Session, table: sa.Table, key: Sequence[str], values: Values) -> None:
    """One row by key: delete and insert, which every engine does alike."""
    session.execute(table.delete().where(*(table.c[name] == values[name] for name in key)))
    session.execute(table.insert().values(**values))


def _put_all(session: Session, table: sa.Table, key: Sequence[str], rows: Iterable[Values]) -> None:
    """Rows by key, each key once, in statements of many.

    One by one they would take milliseconds each.
    """
    for lot in _lots(rows):
        keys = [tuple(row[name] for name in key) for row in lot]
        session.execute(table.delete().where(sa.tuple_(*(table.c[name] for name in key)).in_(keys)))
        session.execute(table.insert().values(lot))


def _lots(rows: Iterable[Values]) -> Iterator[list[dict[str, Any]]]:
    coming = iter(rows)
    while lot := [dict(row) for row in islice(coming, _LOT)]:
        yield lot


def start_run(session: Session, run_id: str, kind: str, as_of: datetime) -> None:
    """Record the start of a run, and mark runs that were killed."""
    session.execute(
        RUN.update()
        .where(RUN.c.state == "running")
        .values(
            state="failed", message="killed before its end; the next run went on from where it was"
        )
    )
    _put(
        session,
        RUN,
        ["run_id"],
        {"run_id": run_id, "kind": kind, "started_at": now(), "as_of": as_of, "state": "running"},
    )


def end_run(session: Session, run_id: str, state: str, message: str) -> None:
    """Record the end of a run: completed, partly or failed."""
    session.execute(
        RUN.update()
        .where(RUN.c.run_id == run_id)
        .values(state=state, message=message, ended_at=now())
    )


class StoredBookmark(NamedTuple):
    """The bookmark of a stream, as it is stored."""

    account: str
    stream: str
    value: str
    updated_at: datetime | None = None


def bookmarks(session: Session, *, account: str = "", stream: str = "") -> list[StoredBookmark]:
    """The stored bookmarks; only those of an account or a stream if one is given."""
    table = BOOKMARK.c
    columns = (table[name] for name in StoredBookmark._fields)
    query = sa.select(*columns).order_by(table.account, table.stream)
    if account:
        query = query.where(table.account == account)
    if stream:
        query = query.where(table.stream == stream)
    return [StoredBookmark(*row) for row in session.execute(query)]


def move_bookmark(
    session: Session, account: str, stream: str, value: Values, batch_id: str
) -> None:
    """Move a bookmark; in the same transaction as the rows it stands for."""
    text = msgspec.json.encode(value).decode()
    _put(
        session,
        BOOKMARK,
        ["account", "stream"],
        {
            "account": account,
            "stream": stream,
            "value": text,
            "batch_id": batch_id,
            "updated_at": now(),
        },
    )


def forget_bookmark(session: Session, account: str, stream: str) -> None:
    """Forget how far a stream has been read."""
    session.execute(
        BOOKMARK.delete().where(BOOKMARK.c.account == account, BOOKMARK.c.stream == stream)
    )


def is_loaded(session: Session, batch_id: str) -> bool:
    """Whether the batch is in the warehouse."""
    return (
        session.execute(sa.select(BATCH.c.batch_id).where(BATCH.c.batch_id == batch_id)).scalar()
        is not None
    )


def record_batch(session: Session, values: Values) -> None:
    """Record that the batch is loaded."""
    _put(session, BATCH, ["batch_id"], {**values, "loaded_at": now()})


def mark_changed(session: Session, table_name: str) -> None:
    """Record a change of a table: models that read it are out of date."""
    counted = (
        TABLE_STATE.update()
        .where(TABLE_STATE.c.table_name == table_name)
        .values(changes_count=TABLE_STATE.c.changes_count + 1, changed_at=now())
    )
    if not session.execute(counted).rowcount:
        session.execute(
            TABLE_STATE.insert().values(table_name=table_name, changes_count=1, changed_at=now())
        )


@dataclass(slots=True)
class BuildState:
    """The run log's state of tables and models, read once a build and kept up to date by it.

    `record_build` writes it back.
    """

    changes: dict[str, int]
    inputs: dict[str, str]
    built: list[dict[str, Any]] = field(default_factory=list)

    def note(self, values: dict[str, Any]) -> None:
        """Take in that a model is built (a row of `ops.model_run`)."""
        name = values["model"]
        if values["changed_count"]:
            self.changes[name] = self.changes.get(name, 0) + 1
        self.inputs[name] = values["inputs"]
        self.built.append({**values, "built_at": now()})


def build_state(session: Session) -> BuildState:
    """Read the present state."""
    return BuildState(table_states(session), model_inputs(session))


def table_states(session: Session) -> dict[str, int]:
    """How often each table has changed."""
    return {row.table_name: row.changes_count for row in session.execute(sa.select(TABLE_STATE))}


def model_inputs(session: Session) -> dict[str, str]:
    """What each model was last built from."""
    return {
        row.model: row.inputs
        for row in session.execute(sa.select(MODEL_RUN.c.model, MODEL_RUN.c.inputs))
    }


def record_model(session: Session, values: Values) -> None:
    """Record that the model is built."""
    _put(session, MODEL_RUN, ["model"], {**values, "built_at": now()})


def record_build(session: Session, state: BuildState) -> None:
    """Record all models of a build, and which tables it changed."""
    _put_all(session, MODEL_RUN, ["model"], state.built)
    changed = [row["model"] for row in state.built if row["changed_count"]]
    _put_all(
        session,
        TABLE_STATE,
        ["table_name"],
        (
            {"table_name": name, "changes_count": state.changes[name], "changed_at": now()}
            for name in changed
        ),
    )


def forget_builds(session: Session, models: Iterable[str]) -> None:
    """Let the next build make these models whole: what changed until then will not be noted."""
    listed = list(models)
    if listed:
        session.execute(MODEL_RUN.delete().where(MODEL_RUN.c.model.in_(listed)))


def quarantine(session: Session, rows: Iterable[Values], batch_id: str) -> None:
    """Put rows into quarantine, in place of those of the same batch from before."""
    session.execute(QUARANTINE.delete().where(QUARANTINE.c.batch_id == batch_id))
    for lot in _lots({**row, "found_at": now(), "state": "open"} for row in rows):
        session.execute(QUARANTINE.insert().values(lot))


def mark_replayed(
    session: Session, account: str, stream: str, loaded: Mapping[str, Iterable[str]]
) -> int:
    """Close the open quarantine rows whose record has been loaded since.

    `loaded`: entity to record keys.
    """
    closed = 0
    for entity, keys in loaded.items():
        listed = list(keys)
        if listed:
            closed += session.execute(
                QUARANTINE.update()
                .where(
                    QUARANTINE.c.account == account,
                    QUARANTINE.c.stream == stream,
                    QUARANTINE.c.entity == entity,
                    QUARANTINE.c.record_key.in_(listed),
                    QUARANTINE.c.state == "open",
                )
                .values(state="replayed")
            ).rowcount
    return closed


def close_quarantine(session: Session, account: str, stream: str) -> None:
    """Close the open quarantine rows of a stream of which the whole was read again."""
    session.execute(
        QUARANTINE.update()
        .where(
            QUARANTINE.c.account == account,
            QUARANTINE.c.stream == stream,
            QUARANTINE.c.state == "open",
        )
        .values(state="replayed")
    )


def close_repeated(
    session: Session, account: str, stream: str, batch_id: str, reasons: Iterable[str]
) -> None:
    """Close the open quarantine rows of earlier batches that are set aside again by this one."""
    for lot in _lots({"reason": reason} for reason in sorted(set(reasons))):
        session.execute(
            QUARANTINE.update()
            .where(
                QUARANTINE.c.account == account,
                QUARANTINE.c.stream == stream,
                QUARANTINE.c.state == "open",
                QUARANTINE.c.batch_id != batch_id,
                QUARANTINE.c.reason.in_([one["reason"] for one in lot]),
            )
            .values(state="replayed")
        )


def open_quarantine_reasons(session: Session, account: str, stream: str) -> list[str]:
    """Why rows of a stream wait in quarantine."""
    reasons = sa.select(QUARANTINE.c.reason).where(
        QUARANTINE.c.account == account,
        QUARANTINE.c.stream == stream,
        QUARANTINE.c.state == "open",
    )
    return [str(row[0]) for row in session.execute(reasons)]


def quarantined_of_stream(session: Session, account: str, stream: str) -> int:
    """How many rows of a stream wait in quarantine."""
    counted = sa.select(sa.func.count()).where(
        QUARANTINE.c.account == account,
        QUARANTINE.c.stream == stream,
        QUARANTINE.c.state == "open",
    )
    return int(session.execute(counted).scalar_one())


def open_quarantine_keys(session: Session, account: str, stream: str) -> dict[str, set[str]]:
    """Entity to keys of the rows of a stream that wait in quarantine."""
    rows = session.execute(
        sa.select(QUARANTINE.c.entity, QUARANTINE.c.record_key).where(
            QUARANTINE.c.account == account,
            QUARANTINE.c.stream == stream,
            QUARANTINE.c.state == "open",
        )
    )
    keys: dict[str, set[str]] = {}
    for entity, key in rows:
        if key:
            keys.setdefault(entity, set()).add(key)
    return keys


def record_validation(session: Session, run_id: str, rows: Sequence[Values]) -> None:
    """Record results of rules."""
    _put_all(
        session,
        VALIDATION,
        ["run_id", "subject", "batch_id", "rule"],
        ({"run_id": run_id, **row} for row in rows),
    )


def known_fields(session: Session, account: str, stream: str) -> dict[str, tuple[str, str]]:
    """Field to (type, state) as last seen."""
    rows = session.execute(
        sa.select(DRIFT).where(DRIFT.c.account == account, DRIFT.c.stream == stream)
    )
    return {row.field: (row.kind, row.state) for row in rows}


def record_drift(
    session: Session, account: str, stream: str, fields: Mapping[str, tuple[str, str]]
) -> None:
    """Record fields with their type and state."""
    session.execute(
        DRIFT.delete().where(
            DRIFT.c.account == account, DRIFT.c.stream == stream, DRIFT.c.field.in_(list(fields))
        )
    )
    rows = (
        {
            "account": account,
            "stream": stream,
            "field": field,
            "kind": kind,
            "state": state,
            "seen_at": now(),
        }
        for field, (kind, state) in fields.items()
    )
    for lot in _lots(rows):
        session.execute(DRIFT.insert().values(lot))


def reporting_zones(session: Session) -> list[dict[str, Any]]:
    """What the last build was made for, one row for each time zone."""
    rows = session.execute(
        sa.select(REPORTING_ZONE).order_by(REPORTING_ZONE.c.time_zone)
    ).mappings()
    return [dict(row) for row in rows]


def replace_rows(session: Session, table: sa.Table, rows: Sequence[Values]) -> bool:
    """Make these the rows of one of the books' small tables; True if they differ from before."""
    present = [dict(row) for row in session.execute(sa.select(table)).mappings()]
    wanted = [dict(row) for row in rows]
    if len(present) == len(wanted) and all(row in present for row in wanted):
        return False
    session.execute(table.delete())
    if rows:
        session.execute(table.insert(), [dict(row) for row in rows])
    return True


def began_at(session: Session, run_id: str) -> datetime:
    """When a run began; now, if it is not in the books."""
    found = session.execute(sa.select(RUN.c.started_at).where(RUN.c.run_id == run_id)).scalar()
    return found or now()


def move_watermark(session: Session, subject: str, until: datetime, run_id: str) -> None:
    """Record that readers may trust `subject` up to `until`."""
    _put(
        session,
        WATERMARK,
        ["subject"],
        {"subject": subject, "until": until, "run_id": run_id, "moved_at": now()},
    )


def record_notification(session: Session, values: Values) -> None:
    """Record a message that was sent, or could not be."""
    _put(session, NOTIFICATION, ["run_id", "channel"], {**values, "sent_at": now()})


class SentMessage(NamedTuple):
    """A message that a channel got, or may have got."""

    topic: str
    is_ok: bool


def last_notification(session: Session, channel: str) -> SentMessage | None:
    """The latest message that a channel got, or may have got; None if there is none."""
    row = session.execute(_messages(channel).limit(1)).first()
    return SentMessage(*row) if row else None


def notifications_since(session: Session, channel: str, since: datetime) -> list[SentMessage]:
    """Messages that a channel got, or may have got, newest first."""
    rows = session.execute(_messages(channel).where(NOTIFICATION.c.sent_at > since))
    return [SentMessage(*row) for row in rows]


def _messages(channel: str) -> sa.Select[tuple[str, bool]]:
    return (
        sa.select(NOTIFICATION.c.topic, NOTIFICATION.c.is_ok)
        .where(NOTIFICATION.c.channel == channel, NOTIFICATION.c.state != "failed")
        .order_by(NOTIFICATION.c.sent_at.desc(), NOTIFICATION.c.run_id.desc())
    )


_PUBLISHED = """
account, team_id, day, lead_days, model, expected_tickets, low_80, high_80, low_95, high_95
"""
_PUBLISH_FORECAST = f"""
insert into ops.forecast_published ({_PUBLISHED}, run_id, published_at)
select {_PUBLISHED}, cast(:run_id as text), cast(:published_at as timestamptz)
from marts.forecast_volume_daily as forecast
where
    forecast.lead_days in (1, 7, 14, 28)
    and not exists (
        select 1
        from ops.forecast_published as published
        where
            published.account = forecast.account
            and published.team_id = forecast.team_id
            and published.day = forecast.day
            and published.lead_days = forecast.lead_days
    )
"""


def tell_forecast(session: Session, run_id: str) -> int:
    """Keep the forecasts of a few distances; what was published first of a day stays.

    Gives the rows added.
    """
    return session.execute(
        _PUBLISH_FORECAST,
        {"run_id": run_id, "published_at": now()},
    ).rowcount


def record_alerts(
    session: Session,
    kinds: Sequence[str],
    alerts: Iterable[tuple[str, str, str]],
    *,
    settled: Iterable[tuple[str, str, str]] = (),
    accounts: Sequence[str] | None = None,
) -> None:
    """Record alerts, as (subject, kind, what to know); others of these kinds are over.

    `settled` are repaired already: nobody has to look. `accounts`: those that were looked at, if
    not all.
    """
    theirs = [
        ALERT.c.subject.startswith(f"{account}/", autoescape=True) for account in accounts or ()
    ]
    looked_at = sa.and_(
        ALERT.c.kind.in_(list(kinds)),
        sa.true() if accounts is None else sa.or_(sa.false(), *theirs),
    )
    known = {(r.subject, r.kind): r for r in session.execute(sa.select(ALERT).where(looked_at))}
    session.execute(ALERT.update().where(looked_at).values(is_open=False))
    for is_open, listed in ((False, settled), (True, alerts)):
        for subject, kind, description in listed:
            before = known.get((subject, kind))
            first_at = before.first_at if before is not None and before.is_open else now()
            _put(
                session,
                ALERT,
                ["subject", "kind"],
                {
                    "subject": subject,
                    "kind": kind,
                    "description": description,
                    "first_at": first_at,
                    "last_at": now(),
                    "is_open": is_open,
                },
            )


def open_alerts(session: Session) -> list[dict[str, Any]]:
    """Open alerts, as of the latest run."""
    rows = session.execute(
        sa.select(ALERT).where(ALERT.c.is_open).order_by(ALERT.c.subject, ALERT.c.kind)
    ).mappings()
    return [dict(row) for row in rows]


def last_loads(session: Session) -> dict[tuple[str, str], datetime]:
    """(account, stream) to the instant of its last load."""
    rows = session.execute(
        sa.select(BATCH.c.account, BATCH.c.stream, sa.func.max(BATCH.c.loaded_at)).group_by(
            BATCH.c.account, BATCH.c.stream
        )
    )
    return {(account, stream): at for account, stream, at in rows}


def open_quarantine_count(session: Session) -> int:
    """Rows that wait in quarantine."""
    return int(
        session.execute(
            sa.select(sa.func.count()).select_from(QUARANTINE).where(QUARANTINE.c.state == "open")
        ).scalar_one()
    )


def erased(session: Session, account: str) -> set[str]:
    """Fingerprints of the erased persons of an account."""
    return set(
        session.execute(
            sa.select(ERASED.c.fingerprint).where(ERASED.c.account == account)
        ).scalars()
    )


class ErasedMark(NamedTuple):
    """The mark of an erased person: a fingerprint under the erasure key."""

    account: str
    fingerprint: str


def erased_marks(session: Session) -> list[ErasedMark]:
    """The marks of all erased persons."""
    query = sa.select(
        ERASED.c.account,
        ERASED.c.fingerprint,
    )
    return [ErasedMark(*row) for row in session.execute(query)]


def record_erasure(session: Session, account: str, fingerprint: str, pseudonym: str) -> None:
    """Record that the person is erased."""
    _put(
        session,
        ERASED,
        ["account", "fingerprint"],
        {
            "account": account,
            "fingerprint": fingerprint,
            "pseudonym": pseudonym,
            "erased_at": now(),
        },
    )


def clear_quarantine(
    session: Session, account: str, key: str, pseudonym: str, words: Sequence[str]
) -> int:
    """Clear key and reason of quarantine rows that are a person's, or whose reason quotes them."""
    is_theirs = sa.or_(
        QUARANTINE.c.record_key == key,
        *(QUARANTINE.c.reason.contains(word, autoescape=True) for word in words),
        *(QUARANTINE.c.record_key == word for word in words),
    )
    return session.execute(
        QUARANTINE.update()
        .where(QUARANTINE.c.account == account, is_theirs)
        .values(record_key=pseudonym, reason="erased")
    ).rowcount


def dismiss(session: Session, batch_id: str, number: int) -> int:
    """Close a row of the quarantine that nobody will mend; gives the number of rows."""
    return session.execute(
        QUARANTINE.update()
        .where(
            QUARANTINE.c.batch_id == batch_id,
            QUARANTINE.c.row_number == number,
            QUARANTINE.c.state == "open",
        )
        .values(state="dismissed")
    ).rowcount


def tidy(session: Session, before: datetime) -> dict[str, int]:
    """Remove rows of the run log from before an instant; what runs continue from stays.

    Gives the rows by table.
    """
    old = {
        RUN: RUN.c.started_at < before,
        NOTIFICATION: NOTIFICATION.c.sent_at < before,
        QUARANTINE: sa.and_(QUARANTINE.c.found_at < before, QUARANTINE.c.state != "open"),
        ALERT: sa.and_(ALERT.c.last_at < before, ~ALERT.c.is_open),
        VALIDATION: VALIDATION.c.run_id.in_(
            sa.select(RUN.c.run_id).where(RUN.c.started_at < before)
        ),
        RECONCILIATION: RECONCILIATION.c.compared_at < before,
    }
    order = (VALIDATION, RUN, NOTIFICATION, QUARANTINE, ALERT, RECONCILIATION)
    return {
        f"ops.{t.name}": count
        for t in order
        if (count := session.execute(t.delete().where(old[t])).rowcount)
    }


def record_reconciliation(session: Session, rows: Iterable[Values]) -> None:
    """Record results of a comparison with the vendors."""
    _put_all(
        session,
        RECONCILIATION,
        ["run_id", "account", "stream", "entity"],
        ({**row, "compared_at": now()} for row in rows),
    )


class Run(NamedTuple):
    """A run as ops.run has it."""

    run_id: str
    kind: str
    state: str
    as_of: datetime
    started_at: datetime
    message: str | None


def last_run(session: Session) -> Run | None:
    """The run that started last; None before the first."""
    columns = [RUN.c[name] for name in Run._fields]
    row = session.execute(sa.select(*columns).order_by(RUN.c.started_at.desc()).limit(1)).first()
    return Run(*row) if row else None


def watermarks(session: Session) -> dict[str, datetime]:
    """Account, or `marts`, to the instant up to which readers may trust it."""
    rows = session.execute(sa.select(WATERMARK.c.subject, WATERMARK.c.until))
    return {row.subject: row.until for row in rows}


class ReportedDays(NamedTuple):
    """The instant that the tables are built for, and the last local day that is complete then."""

    as_of: datetime
    last_day: date


def reported_days(session: Session) -> ReportedDays | None:
    """Instant and last day of the main time zone; None before the first build."""
    query = sa.select(REPORTING_ZONE.c.as_of, REPORTING_ZONE.c.last_day)
    row = session.execute(query.where(REPORTING_ZONE.c.is_main)).first()
    return ReportedDays(*row) if row else None


class QuarantinedRow(NamedTuple):
    """A row that waits in quarantine, and where its record lies in the landing zone."""

    batch_id: str
    row_number: int
    connector: str
    account: str
    stream: str
    entity: str
    record_key: str
    rule: str
    reason: str
    page_number: int
    record_number: int | None
    found_at: datetime


def quarantined(session: Session) -> list[QuarantinedRow]:
    """Rows that wait in quarantine, by account, stream and batch."""
    table = QUARANTINE.c
    query = (
        sa.select(*(table[name] for name in QuarantinedRow._fields))
        .where(table.state == "open")
        .order_by(table.account, table.stream, table.batch_id, table.row_number)
    )
    return [QuarantinedRow(*row) for row in session.execute(query)]
