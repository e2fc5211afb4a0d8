"""Put into words how a run ended, and have it told: a title and lines that a manager understands,
details for the engineer.
"""

from collections.abc import Sequence
from datetime import datetime

from flows.ingest import StreamResult
from flows.runner import Runner
from tasks.clock import now
from tasks.errors import SupportEtlError
from tasks.notifications.content import Message
from tasks.notify import notify, undelivered
from tasks.settings import NotificationSettings, SecretLookup, Settings, redact
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.watch import Alert


def notify_run(
    settings: Settings,
    warehouse: Warehouse,
    runner: Runner,
    *,
    run_id: str,
    as_of: datetime,
    failures: Sequence[StreamResult],
    streams: int,
    alerts: Sequence[Alert],
    unequal: Sequence[str],
    unpublished: str = "",
    lookup: SecretLookup | None = None,
) -> list[str]:
    """Tell what is due of a run. Gives what could not be delivered, in words."""
    with warehouse.session() as session:
        read_at = runlog.last_loads(session)
        waiting = runlog.open_quarantine_count(session)
    lines = [
        *_sources(failures, read_at),
        *unequal,
        *(f"{subject}: {words}" for subject, _, words in alerts),
    ]
    lines += (
        [f"The tables are built, but there is no new report: {unpublished}"] if unpublished else []
    )
    is_ok = not lines
    if waiting:
        lines.append(f"{waiting:,} rows are set aside and in no figure.")
    title = f"Support numbers of {as_of:%Y-%m-%d}: " + (
        "complete" if is_ok else _short(failures, unequal, alerts, unpublished)
    )
    details = [f"{r.account}/{r.stream}: {r.message}" for r in failures]
    if failures:
        details.append(
            "support-etl doctor tests every credential; support-etl run goes on from where it was"
        )
    message = Message(
        title,
        is_ok,
        tuple(lines or [f"All {streams} streams were read and the tables add up."]),
        tuple(details),
        links_of(settings.notifications),
        run_id,
    )
    return runner.run(
        "notify",
        lambda: undelivered(notify(settings.notifications, warehouse, message, lookup=lookup)),
    )


def notify_failure(
    settings: NotificationSettings, trouble: SupportEtlError, *, lookup: SecretLookup | None = None
) -> list[str]:
    """Tell that nothing could be done at all. Gives what could not be delivered, in words."""
    words = redact(f"{type(trouble).__name__}: {trouble}")
    message = Message(
        "Support numbers could not be made",
        False,
        ("The job ended before any number was new; the tables are as they were.",),
        (words,),
        links_of(settings),
        "none",
    )
    return undelivered(notify(settings, None, message, lookup=lookup))


def notify_stale(
    settings: Settings, until: datetime | None, *, lookup: SecretLookup | None = None
) -> list[str]:
    """Tell that no run has brought complete numbers for long, whatever the reason.

    Gives what could not be delivered, in words.
    """
    known = (
        f"The newest complete numbers are of {until:%Y-%m-%d %H:%M} UTC."
        if until
        else "There have never been complete numbers."
    )
    message = Message(
        "Support numbers are late",
        False,
        (known, "Either the job does not run, or something has been missing in each run since."),
        (
            "support-etl status says how the last run ended",
            "no run at all: look at the schedule, the work pool and its workers",
        ),
        links_of(settings.notifications),
        f"watch-{now():%Y%m%d-%H%M%S}",
    )
    warehouse = Warehouse.of(settings.warehouse)
    try:
        return undelivered(notify(settings.notifications, warehouse, message, lookup=lookup))
    finally:
        warehouse.dispose()


def _short(
    failures: Sequence[StreamResult],
    unequal: Sequence[str],
    alerts: Sequence[Alert],
    unpublished: str,
) -> str:
    accounts = sorted({r.account for r in failures})
    parts = (
        [f"{len(accounts)} source{'s' if len(accounts) > 1 else ''} not up to date"]
        if accounts
        else []
    )
    parts += ["numbers do not add up"] if unequal else []
    parts += [f"{len(alerts)} thing{'s' if len(alerts) > 1 else ''} to look at"] if alerts else []
    parts += ["no new report"] if unpublished else []
    return ", ".join(parts)


def _sources(
    failures: Sequence[StreamResult], read_at: dict[tuple[str, str], datetime]
) -> list[str]:
    """A line an account: what of it is missing, and since when."""
    found = []
    for account in sorted({r.account for r in failures}):
        streams = [r.stream for r in failures if r.account == account]
        since = [read_at[account, s] for s in streams if (account, s) in read_at]
        told = (
            f"its numbers are as of {min(since):%Y-%m-%d %H:%M} UTC"
            if since
            else "nothing of it has been read yet"
        )
        found.append(
            f"{account} could not be read"
            f" ({', '.join(streams[:5])}{' and more' if len(streams) > 5 else ''}); {told}."
        )
    return found


def links_of(settings: NotificationSettings) -> tuple[tuple[str, str], ...]:
    """Where to read on."""
    listed = (
        ("Open the report", settings.report_link),
        ("For the engineer", settings.engineer_link),
    )
    return tuple((label, address) for label, address in listed if address)
