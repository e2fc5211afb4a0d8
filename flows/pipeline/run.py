"""The runs: daily, backfill and replay. Each ingests, then builds, publishes and notifies.

A broken account stops no other: the tables are built from what there is, the run ends `partly`, and
its message says what is missing and what to do.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from flows.pipeline.build import build_tables
from flows.pipeline.containment import contained
from flows.pipeline.context import Reporter, RunContext, running, silent
from flows.pipeline.ingest import ingest_accounts, replay_stream, streams_now
from flows.pipeline.notify import notify_failure, notify_run
from flows.pipeline.outcome import Outcome
from flows.pipeline.publish import publish_run
from flows.pipeline.runner import Runner, Work
from flows.pipeline.secrets import secret_lookup
from tasks.clock import Window
from tasks.errors import ConfigurationError, RunAtWorkError
from tasks.extract import streams_of
from tasks.fields import defines_fields
from tasks.landing.store import Landing
from tasks.rest.spec import Stream
from tasks.settings import AccountSettings, SecretLookup, Settings
from tasks.watch import watch

_CHUNK = timedelta(days=30)


def run_daily(
    settings: Settings,
    runner: Runner,
    *,
    as_of: datetime | None = None,
    lookup: SecretLookup | None = None,
    accounts: Sequence[str] = (),
    progress: Reporter = silent,
    with_report: bool = True,
) -> Outcome:
    """Run the whole pipeline once.

    Raises SupportEtlError, and notifies, if nothing can be done at all: warehouse or settings.
    """
    chosen = settings.chosen(accounts)
    lookup = secret_lookup(settings, lookup)
    try:
        with running(settings, runner, "daily", as_of, lookup=lookup, progress=progress) as (
            context,
            outcome,
        ):
            outcome.streams += ingest_accounts(context, chosen)
            finish(context, outcome, chosen, with_report=with_report)
            if with_report:
                outcome.undelivered = notify_run(context, outcome)
    except RunAtWorkError:
        raise  # the other run reports its own end
    except Exception as error:
        for problem in notify_failure(settings.notifications, error, lookup=lookup):
            progress(problem)
        raise
    for problem in outcome.undelivered:
        progress(problem)
    return outcome


def run_backfill(
    settings: Settings,
    runner: Runner,
    start: datetime,
    end: datetime,
    *,
    chunk: timedelta = _CHUNK,
    lookup: SecretLookup | None = None,
    accounts: Sequence[str] = (),
    progress: Reporter = silent,
    with_report: bool = True,
) -> Outcome:
    """Read [start, end) again in chunks; bookmarks stay.

    Streams without windows (full lists, cursors) are read once. An interrupted chunk is resumed.
    Chunks that are loaded already are requested again; records that did not change write nothing.
    """
    if start >= end:
        raise ConfigurationError(f"--from {start:%Y-%m-%d} is not before --to {end:%Y-%m-%d}")
    chosen = settings.chosen(accounts)
    with running(settings, runner, "backfill", lookup=lookup, progress=progress) as (
        context,
        outcome,
    ):
        windows = _chunks(start, end, chunk)
        started = time.monotonic()
        for number, window in enumerate(windows, 1):
            outcome.streams += ingest_accounts(context, chosen, window)
            left = (time.monotonic() - started) / number * (len(windows) - number)
            progress(f"{number} of {len(windows)} chunks, about {left / 60:.0f} minutes left")
        finish(context, outcome, (), with_report=with_report)
    return outcome


def run_replay(
    settings: Settings,
    runner: Runner,
    *,
    accounts: Sequence[str] = (),
    progress: Reporter = silent,
    with_report: bool = True,
) -> Outcome:
    """Load every landed batch again, without asking a vendor, and rebuild the tables.

    Raises ConfigurationError if nothing is landed.
    """
    chosen = settings.chosen(accounts)
    refuse_empty_landing(settings)
    with running(settings, runner, "replay", progress=progress) as (context, outcome):
        for account in chosen:
            # the lists of fields first: they say what settings mean
            for stream in filter(defines_fields, streams_of(account)):
                _replay(context, outcome, account, stream)
            for stream in streams_now(context, account):
                if not defines_fields(stream):
                    _replay(context, outcome, account, stream)
        finish(context, outcome, (), with_report=with_report)
    return outcome


def _replay(
    context: RunContext, outcome: Outcome, account: AccountSettings, stream: Stream
) -> None:
    """Load the landed batches of one stream again."""
    name = f"{account.name}/{stream.name}"
    replay = partial(replay_stream, context, account, stream)
    result = context.runner.run(Work("replay", name, replay, failure=lambda r: r.failure))
    outcome.streams.append(result)
    context.progress(f"{name}: {result.records:,} records, {result.changed:,} rows changed")


def refuse_empty_landing(settings: Settings) -> None:
    """Refuse a replay of nothing. Raises ConfigurationError."""
    if Landing(settings.landing.url).is_empty():
        raise ConfigurationError(
            f"nothing is landed in {settings.landing.url} yet; call `support-etl run` first, or set"
            " landing.url (or go to the folder) of the pages that you mean"
        )


def _chunks(start: datetime, end: datetime, chunk: timedelta) -> list[Window]:
    windows = []
    while start < end:
        windows.append(Window(start, min(start + chunk, end)))
        start += chunk
    return windows


def finish(
    context: RunContext,
    outcome: Outcome,
    read: Sequence[AccountSettings],
    *,
    with_report: bool = True,
) -> None:
    """Build the tables, watch them and write the report; set the state of the run.

    `read` are the accounts that were read up to the run's instant; a backfill or replay reads none
    up to it.
    """
    outcome.conclude()
    context.progress("building tables")
    build_tables(context, outcome, read)
    with contained(context, outcome, "watch"):
        look = partial(watch, context.warehouse, context.settings, context.as_of)
        outcome.alerts = context.runner.run(Work("watch", "", look))
    for subject, _, words in outcome.alerts:
        context.progress(f"look at {subject}: {words}")
    outcome.conclude()
    if with_report:
        context.progress("writing the report")
        with contained(context, outcome, "publish"):
            outcome.published = publish_run(context, outcome)
        outcome.conclude()
