"""The job that every schedule runs: accounts through the whole path, then models, forecast, plan
and report.

Streams of an account run side by side within its rate limit. One broken account stops no other: the
tables are built from what there is, the run ends not-green, and its message says what is missing
and what to do.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flows.ingest import Context, StreamResult, ingest_stream, replay_stream
from flows.notifications import notify_failure, notify_run
from flows.publish import Published, publish_run
from flows.runner import Runner
from flows.transform import build_tables, check_identities
from tasks.clock import Window, now
from tasks.errors import ConfigurationError, RunAtWorkError, StorageError, SupportEtlError
from tasks.extract import open_client, streams_of
from tasks.landing.store import Landing
from tasks.quality.suites import Verdict
from tasks.settings import AccountSettings, SecretLookup, Settings, redact
from tasks.transform import ModelResult, model_tables
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.warehouse.session import Session
from tasks.watch import Alert, watch

Reporter = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What a run did.

    `state` is completed, or partly when a stream failed, or failed when no number is new.
    """

    run_id: str
    as_of: datetime
    state: str = "completed"
    message: str = ""
    streams: list[StreamResult] = field(default_factory=list)
    models: list[ModelResult] = field(default_factory=list)
    published: Published | None = None
    identities: Verdict = field(default_factory=lambda: Verdict("identities"))
    alerts: list[Alert] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    unpublished: str = ""

    @property
    def unequal(self) -> list[str]:
        """What does not add up."""
        return [
            f"numbers do not add up: {r.description}"
            for r in self.identities.results
            if not r.is_met
        ]

    @property
    def failures(self) -> list[StreamResult]:
        """Streams that failed."""
        return [r for r in self.streams if r.state == "failed"]

    @property
    def changed_rows(self) -> int:
        """Rows written to `source`, `core` and `marts`."""
        return sum(r.changed for r in self.streams) + sum(m.changed or 0 for m in self.models)


def run_daily(
    settings: Settings,
    runner: Runner,
    *,
    as_of: datetime | None = None,
    lookup: SecretLookup | None = None,
    accounts: Sequence[str] = (),
    progress: Reporter = lambda text: None,
    with_report: bool = True,
) -> Outcome:
    """The whole path once.

    Raises SupportEtlError when nothing can be done at all (warehouse, settings); people are told.
    """
    chosen = settings.chosen(accounts)
    try:
        with running(settings, "daily", as_of, lookup) as (context, outcome):
            outcome.streams += ingest_accounts(
                context, chosen, runner, lookup=lookup, progress=progress
            )
            finish(context, outcome, runner, chosen, progress=progress, with_report=with_report)
            if with_report:
                outcome.undelivered = _tell(context, outcome, runner)
    except RunAtWorkError:
        raise  # it tells how it ends
    except SupportEtlError as trouble:
        for words in notify_failure(settings.notifications, trouble, lookup=lookup):
            progress(words)
        raise
    for words in outcome.undelivered:
        progress(words)
    return outcome


def _tell(context: Context, outcome: Outcome, runner: Runner) -> list[str]:
    """Tell people how the run ended; what could not be told, in words.

    The tables are built: nothing here makes them less.
    """
    try:
        return notify_run(
            context.settings,
            context.warehouse,
            runner,
            run_id=outcome.run_id,
            as_of=outcome.as_of,
            failures=outcome.failures,
            streams=len(outcome.streams),
            alerts=outcome.alerts,
            unequal=outcome.unequal,
            unpublished=outcome.unpublished,
            lookup=context.lookup,
        )
    except SupportEtlError as trouble:
        return [redact(f"nobody was told how the run ended: {trouble}")]


def run_backfill(
    settings: Settings,
    runner: Runner,
    start: datetime,
    end: datetime,
    *,
    chunk: timedelta = timedelta(days=30),
    lookup: SecretLookup | None = None,
    accounts: Sequence[str] = (),
    progress: Reporter = lambda text: None,
    with_report: bool = True,
) -> Outcome:
    """Read [start, end) again in chunks; bookmarks stay.

    Streams without windows (full lists, cursors) are read once.

    A chunk that was cut is gone on with; chunks already in the books of this span are asked for
    again, which changes nothing that is the same.
    """
    if start >= end:
        raise ConfigurationError(f"--from {start:%Y-%m-%d} is not before --to {end:%Y-%m-%d}")
    chosen = settings.chosen(accounts)
    with running(settings, "backfill", None, lookup) as (context, outcome):
        windows = _chunks(start, end, chunk)
        began = time.monotonic()
        for number, window in enumerate(windows, 1):
            outcome.streams += ingest_accounts(
                context, chosen, runner, lookup=lookup, progress=progress, window=window
            )
            left = (time.monotonic() - began) / number * (len(windows) - number)
            progress(f"{number} of {len(windows)} chunks, about {left / 60:.0f} minutes left")
        finish(context, outcome, runner, (), progress=progress, with_report=with_report)
    return outcome


def run_replay(
    settings: Settings,
    runner: Runner,
    *,
    accounts: Sequence[str] = (),
    progress: Reporter = lambda text: None,
    with_report: bool = True,
) -> Outcome:
    """Load every landed batch again, without asking a vendor, and rebuild the tables."""
    chosen = settings.chosen(accounts)
    with running(settings, "replay", None) as (context, outcome):
        for account in chosen:
            for stream in streams_of(account):
                result = runner.run(
                    f"replay {account.name}/{stream.name}",
                    partial(replay_stream, context, account, stream),
                )
                outcome.streams.append(result)
                progress(
                    f"{result.account}/{result.stream}: {result.records:,} records,"
                    f" {result.changed:,} rows changed"
                )
        finish(context, outcome, runner, (), progress=progress, with_report=with_report)
    return outcome


def _chunks(start: datetime, end: datetime, chunk: timedelta) -> list[Window]:
    found = []
    while start < end:
        found.append(Window(start, min(start + chunk, end)))
        start += chunk
    return found


@contextmanager
def running(
    settings: Settings, kind: str, as_of: datetime | None, lookup: SecretLookup | None = None
) -> Iterator[tuple[Context, Outcome]]:
    """The warehouse is ours and ready, the run is in the books; at the end its state is too."""
    warehouse = Warehouse.of(settings.warehouse)
    instant = (as_of or now()).replace(microsecond=0)
    run_id = f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    outcome = Outcome(run_id, instant)
    try:
        with warehouse.held():
            prepare(warehouse, model_tables())
            with warehouse.transaction() as session:
                runlog.start_run(session, run_id, kind, instant)
            try:
                yield (
                    Context(
                        settings, warehouse, Landing(settings.landing.url), run_id, instant, lookup
                    ),
                    outcome,
                )
            except BaseException as trouble:
                outcome.state, outcome.message = "failed", redact(str(trouble))[:1000]
                raise
            finally:
                with warehouse.transaction() as session:
                    runlog.end_run(session, run_id, outcome.state, outcome.message)
    finally:
        warehouse.dispose()


def ingest_accounts(
    context: Context,
    accounts: Sequence[AccountSettings],
    runner: Runner,
    *,
    lookup: SecretLookup | None = None,
    progress: Reporter = lambda text: None,
    window: Any = None,
) -> list[StreamResult]:
    """All streams of all accounts, side by side."""
    waiting, clients, results = [], [], []
    for account in accounts:
        try:
            client, streams = open_client(account, lookup), streams_of(account)
        except SupportEtlError as trouble:
            results.append(
                StreamResult(
                    account.name, "all", "failed", redact(f"{type(trouble).__name__}: {trouble}")
                )
            )
            continue
        clients.append(client)
        for stream in streams:
            call = partial(ingest_stream, context, account, stream, client, window=window)
            waiting.append(runner.submit(f"ingest {account.name}/{stream.name}", call))
    for one in waiting:
        result: StreamResult = one.result()
        results.append(result)
        if result.state != "nothing new" or result.message:
            progress(
                f"{result.account}/{result.stream}: {result.state}"
                + (
                    f", {result.records:,} records, {result.changed:,} rows changed"
                    if result.records
                    else ""
                )
                + (f", {result.quarantined} set aside" if result.quarantined else "")
                + (f": {result.message}" if result.message else "")
            )
    for client in clients:
        client.close()
    return results


def finish(
    context: Context,
    outcome: Outcome,
    runner: Runner,
    read: Sequence[AccountSettings],
    *,
    progress: Reporter,
    with_report: bool = True,
    as_of: datetime | None = None,
) -> None:
    """Tables, report, watermarks and the run's state, after the streams; for the run's instant, or
    another.

    `read` are the accounts that were asked for everything up to that instant; a backfill or replay
    asks for no such thing.
    """
    context = replace(context, as_of=as_of or context.as_of)
    failed = outcome.failures
    if failed:
        listed = "; ".join(f"{r.account}/{r.stream}: {r.message}" for r in failed)
        outcome.state = "partly"
        outcome.message = f"{len(failed)} of {len(outcome.streams)} streams failed: {listed}"[:2000]
    progress("building tables")
    outcome.models = build_tables(
        context.settings,
        context.warehouse,
        runner,
        run_id=context.run_id,
        as_of=context.as_of,
        at_end=partial(_judge, context, outcome, read, runner),
        progress=progress,
    )
    if outcome.unequal:
        outcome.state = "partly"
        outcome.message = f"{outcome.message} {'; '.join(outcome.unequal)}".strip()[:2000]
    outcome.alerts = runner.run(
        "watch", lambda: watch(context.warehouse, context.settings, context.as_of)
    )
    for subject, _, words in outcome.alerts:
        progress(f"look at {subject}: {words}")
    if with_report:
        progress("writing the report")
        notes = [f"{r.account}/{r.stream} failed: {r.message}" for r in failed]
        notes += [f"look at {subject}: {words}" for subject, _, words in outcome.alerts]
        notes += [f"{r.account}/{r.stream}: {w}" for r in outcome.streams for w in r.warnings]
        try:
            outcome.published = publish_run(
                context.settings,
                context.warehouse,
                runner,
                run_id=context.run_id,
                state=outcome.state,
                as_of=context.as_of,
                results=outcome.streams,
                notes=notes,
                identities=outcome.identities,
            )
        except StorageError as trouble:  # the tables are built and stay
            outcome.state, outcome.unpublished = "partly", redact(str(trouble))
            outcome.message = f"{outcome.message} no report: {outcome.unpublished}".strip()[:2000]


def _judge(
    context: Context,
    outcome: Outcome,
    read: Sequence[AccountSettings],
    runner: Runner,
    session: Session,
) -> None:
    """Readers may trust the tables up to the as-of instant: if the numbers add up and no account is
    missing or was left out.
    """
    outcome.identities = check_identities(session, runner)
    broken = {r.account for r in outcome.failures}
    for account in read:
        if account.name not in broken:
            runlog.move_watermark(session, account.name, context.as_of, context.run_id)
    if not broken and not outcome.unequal and len(read) == len(context.settings.accounts):
        runlog.move_watermark(session, "marts", context.as_of, context.run_id)
