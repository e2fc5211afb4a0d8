"""Step: compare a window of the vendor's records with the warehouse; ghosts get a tombstone.

The window is read again the ordinary way, which loads what was missing or different. After an
ordinary run up to now, a record of the window that the vendor did not report is a ghost: had it
been changed since, its version would be later.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tasks.clock import Window
from tasks.rest.spec import IncrementalWindow, Stream
from tasks.sqlmodels.reads import read
from tasks.warehouse import tombstones
from tasks.warehouse.merge import Origin
from tasks.warehouse.session import Session

COMPARED = (
    "ticket",
    "customer",
    "organization",
    "survey_response",
)  # entities that a tombstone takes out of the figures
KINDS = ("missing", "ghost")
STREAM = "reconciliation"
_EDGE = timedelta(hours=1)  # vendors round instants, and filter by a clock of their own
_FEW, _SHARE = 20, 0.05
Told = dict[tuple[str, str, str], set[str]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One stream and entity in one window.

    `is_repaired` is false where too many ghosts make a mistake more likely than deletions.
    """

    account: str
    stream: str
    entity: str
    window: Window
    told: int
    had: int
    missing: int
    different: int
    ghosts: tuple[str, ...]
    is_repaired: bool = True


def compared_entities(stream: Stream) -> list[str]:
    """Entities of a stream that can be compared.

    The stream reports changes in a window, and the entity has a version.
    """
    if not isinstance(stream.sync, IncrementalWindow) or stream.parent:
        return []
    return [
        b.entity.name
        for b in stream.outputs
        if b.entity.name in COMPARED and (b.transform or "version_at" in b.fields)
    ]


def rotating(start: datetime, end: datetime, days: int, turn: int) -> Window:
    """The window of a turn: the span from start to end in pieces of `days`, newest first.

    After the oldest piece comes the newest again.
    """
    pieces = max(1, -(-(end - start) // timedelta(days=days)))
    last = end - timedelta(days=days) * (turn % pieces)
    return Window(max(start, last - timedelta(days=days)), last)


class RecordId(NamedTuple):
    """A record by the vendor's id."""

    record_id: str


class Mark(NamedTuple):
    """A record that is marked as deleted, and the stream that set the mark."""

    record_id: str
    stream: str
    deleted_at: datetime


class WindowRecord(NamedTuple):
    """A record of the compared window."""

    record_id: str
    is_deleted: bool


def present(session: Session, account: str, entity: str) -> set[str]:
    """Ids of an account's records of an entity."""
    rows = read(session, "reconcile/record_ids", RecordId, account=account, entity=entity)
    return {row.record_id for row in rows}


def ghosts_of(
    session: Session, account: str, stream: str, entity: str, window: Window, reported: set[str]
) -> tuple[list[str], int]:
    """Ghosts of the window, and how many records it has.

    A ghost is a record that the vendor did not report and that is not marked as deleted.
    """
    rows = read(
        session,
        "reconcile/window",
        WindowRecord,
        entity=entity,
        account=account,
        stream=stream,
        since=window.start + _EDGE,
        until=window.end - _EDGE,
    )
    unreported = {row.record_id for row in rows if not row.is_deleted} - reported
    return sorted(unreported), len(rows)


def is_plausible(ghosts: int, rows: int) -> bool:
    """Few enough to be deletions; more look like a filter, a role or a view that hides records."""
    return ghosts <= max(min(_FEW, rows / 2), _SHARE * rows)


def bury(
    session: Session, connector: str, account: str, entity: str, ghosts: list[str], run_id: str
) -> None:
    """Mark ghosts as deleted now."""
    tombstones.bury(session, Origin(connector, account, STREAM, run_id), entity, ghosts)


def marks_of(session: Session, account: str, entity: str) -> set[Mark]:
    """The marks of an account's deleted records of an entity."""
    return set(read(session, "reconcile/marked", Mark, account=account, entity=entity))


def revive(
    session: Session,
    account: str,
    stream: Stream,
    entity: str,
    reported: set[str],
    marks_before: set[Mark],
) -> int:
    """Remove the marks of records that the vendor reports again; gives how many.

    The marks of a comparison go, and where the stream reports nothing that is deleted, those that
    the vendor's own streams had set before it was read: some vendors restore a record without a
    change of its version.
    """
    restored = defaultdict(list)
    for mark in marks_of(session, account, entity):
        is_older = stream.hides_deleted and mark in marks_before
        if mark.record_id in reported and (mark.stream == STREAM or is_older):
            restored[mark.stream].append(mark.record_id)
    for set_by, records in restored.items():
        tombstones.unbury(session, account, set_by, entity, sorted(records))
    return sum(map(len, restored.values()))


def alerts_of(found: list[Comparison], *, settled: bool) -> Iterator[tuple[str, str, str]]:
    """Alerts of comparisons, as (subject, kind, what to know).

    With `settled` what they repaired, else what needs attention.
    """
    for one in found:
        subject, span = (
            f"{one.account}/{one.stream}/{one.entity}",
            f"{one.window.start:%Y-%m-%d} to {one.window.end:%Y-%m-%d}",
        )
        if one.missing and settled:
            yield (
                subject,
                "missing",
                f"{one.missing:,} records of {span} were missing and are loaded now",
            )
        if one.ghosts and one.is_repaired and settled:
            yield (
                subject,
                "ghost",
                (
                    f"{len(one.ghosts):,} records of {span} were deleted at the vendor and are"
                    " marked as deleted now"
                ),
            )
        elif one.ghosts and not one.is_repaired and not settled:
            yield (
                subject,
                "ghost",
                (
                    f"{len(one.ghosts):,} of {one.had:,} records of {span} are no longer reported;"
                    " too many to be deletions, so nothing was marked: may the login see all of"
                    " them?"
                ),
            )


def as_row(one: Comparison, run_id: str) -> dict[str, Any]:
    """For ops.reconciliation."""
    return {
        "run_id": run_id,
        "account": one.account,
        "stream": one.stream,
        "entity": one.entity,
        "window_start": one.window.start,
        "window_end": one.window.end,
        "vendor_count": one.told,
        "warehouse_count": one.had,
        "missing_count": one.missing,
        "different_count": one.different,
        "ghost_count": len(one.ghosts),
    }
