"""Compare a window with the vendors, repair the warehouse, and run the pipeline to its end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flows.pipeline.context import Reporter, RunContext, running, silent
from flows.pipeline.ingest import Reported, ingest_accounts, ingestion, streams_now
from flows.pipeline.outcome import Outcome
from flows.pipeline.run import finish
from flows.pipeline.runner import Runner
from tasks import reconcile
from tasks.clock import Window
from tasks.errors import ConfigurationError, SupportEtlError
from tasks.extract import open_client
from tasks.reconcile import Comparison, Mark
from tasks.rest.spec import Stream
from tasks.settings import AccountSettings, SecretLookup, Settings
from tasks.warehouse import runlog

_WEEK_SECONDS = 7 * 86400


@dataclass(frozen=True, slots=True)
class _Reread:
    """A stream whose window was read again: keys and marks before, and the rows that changed."""

    account: AccountSettings
    stream: Stream
    window: Window
    keys_before: dict[str, set[str]]
    marks_before: dict[str, set[Mark]]
    changed: int


def run_reconciliation(
    settings: Settings,
    runner: Runner,
    *,
    days: int = 30,
    accounts: Sequence[str] = (),
    everything: bool = False,
    as_of: datetime | None = None,
    lookup: SecretLookup | None = None,
    progress: Reporter = silent,
    with_report: bool = True,
) -> tuple[Outcome, list[Comparison]]:
    """Read the window again, ingest up to now, then find records that the vendor has deleted.

    Raises SupportEtlError as a run does.
    """
    chosen = settings.chosen(accounts)
    if not chosen:
        raise ConfigurationError(
            "no account to compare with; add [[accounts]] to support_etl.toml"
            " (`support-etl init` writes one)"
        )
    with running(settings, runner, "reconciliation", as_of, lookup=lookup, progress=progress) as (
        context,
        outcome,
    ):
        reported: Reported = {}
        reread: list[_Reread] = []
        for account in chosen:
            window = _window(context, account, days, everything=everything)
            reread += _read_again(context, outcome, account, window, reported)
        outcome.streams += ingest_accounts(context, chosen)
        comparisons = [
            comparison
            for one in reread
            if not _was_not_read(one, outcome)
            for comparison in _compare(context, one, reported)
        ]
        _record(context, chosen, comparisons)
        finish(context, outcome, chosen, with_report=with_report)
    return outcome, comparisons


def _window(
    context: RunContext, account: AccountSettings, days: int, *, everything: bool
) -> Window:
    """All time since the account's start, or this week's turn of it."""
    if everything:
        return Window(account.start, context.as_of)
    turn = int(context.as_of.timestamp() // _WEEK_SECONDS)
    return reconcile.rotating(account.start, context.as_of, days, turn)


def _read_again(
    context: RunContext,
    outcome: Outcome,
    account: AccountSettings,
    window: Window,
    reported: Reported,
) -> Iterator[_Reread]:
    """Ingest the window of every stream of the account that can be compared."""
    try:
        client = open_client(account, context.lookup)
    except SupportEtlError:
        return  # ingesting up to now reports what is wrong
    for stream in streams_now(context, account):
        entities = reconcile.compared_entities(stream)
        if not entities:
            continue
        with context.warehouse.session() as session:
            before = {
                entity: reconcile.present(session, account.name, entity) for entity in entities
            }
            marks = {
                entity: reconcile.marks_of(session, account.name, entity) for entity in entities
            }
        work = ingestion(context, account, stream, client, window=window, reported=reported)
        result = context.runner.run(work)
        outcome.streams.append(result)
        yield _Reread(account, stream, window, before, marks, result.changed)
    client.close()


def _was_not_read(one: _Reread, outcome: Outcome) -> bool:
    """Whether the stream failed or was skipped: it then reports nothing about its records."""
    own = {(one.account.name, one.stream.name), (one.account.name, "all")}
    return any(
        (result.account, result.stream) in own and result.state in {"failed", "skipped"}
        for result in outcome.streams
    )


def _compare(context: RunContext, one: _Reread, reported: Reported) -> Iterator[Comparison]:
    """Mark the records that the vendor no longer reports as deleted, unless they are too many."""
    account, stream = one.account, one.stream
    for entity, before in one.keys_before.items():
        keys = reported.get((account.name, stream.name, entity), set())
        with context.warehouse.transaction() as session:
            reconcile.revive(session, account.name, stream, entity, keys, one.marks_before[entity])
            ghosts, rows = reconcile.ghosts_of(
                session, account.name, stream.name, entity, one.window, keys
            )
            is_plausible = reconcile.is_plausible(len(ghosts), rows)
            if is_plausible:
                reconcile.bury(
                    session, account.connector, account.name, entity, ghosts, context.run_id
                )
        missing = len(keys - before)
        yield Comparison(
            account.name,
            stream.name,
            entity,
            one.window,
            len(keys),
            rows,
            missing,
            max(0, one.changed - missing),
            tuple(ghosts),
            is_plausible,
        )


def _record(
    context: RunContext, accounts: Sequence[AccountSettings], comparisons: list[Comparison]
) -> None:
    """Write alerts and comparisons into ops, and report the alerts."""
    settled = list(reconcile.alerts_of(comparisons, settled=True))
    unsettled = list(reconcile.alerts_of(comparisons, settled=False))
    with context.warehouse.transaction() as session:
        runlog.record_alerts(
            session,
            reconcile.KINDS,
            unsettled,
            settled=settled,
            accounts=[account.name for account in accounts],
        )
        rows = [reconcile.as_row(one, context.run_id) for one in comparisons]
        runlog.record_reconciliation(session, rows)
    for subject, _, words in (*settled, *unsettled):
        context.progress(f"{subject}: {words}")
