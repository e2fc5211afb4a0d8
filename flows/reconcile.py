"""Compare a window with the vendors, repair, rebuild: `reconcile-support-etl`, once a week over a
rotating window.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from flows.daily import LOG, RUNNER, prefect_secret, state_of
from flows.ingest import Context, ingest_stream
from flows.job import Outcome, Reporter, finish, ingest_accounts, running
from flows.runner import PrefectRunner, Runner
from tasks import reconcile
from tasks.clock import Window
from tasks.errors import SupportEtlError
from tasks.extract import open_client, streams_of
from tasks.reconcile import Comparison, Told
from tasks.rest.spec import Stream
from tasks.settings import AccountSettings, SecretLookup, Settings, load
from tasks.warehouse import runlog

_WEEK = 7 * 86400


@flow(name="reconcile-support-etl", task_runner=RUNNER, persist_result=False)
def reconcile_support_etl(
    days: Annotated[int, Field(ge=1, le=3660)] = 30,
    accounts: list[str] | None = None,
    everything: bool = False,
) -> Any:
    """Compare what the vendors tell of a window with the warehouse; load what is missing, mark what
    is gone.

    Args:
        days: Length of the window. Each week takes the next older one, until all time since the
            accounts' start is through.
        accounts: Names of the accounts to compare. Empty: all.
        everything: All time since the accounts' start at once.

    """
    return state_of(
        lambda: run_reconciliation(
            load(),
            PrefectRunner(),
            days=days,
            accounts=accounts or (),
            everything=everything,
            lookup=prefect_secret,
            progress=LOG.info,
        )[0]
    )


def run_reconciliation(
    settings: Settings,
    runner: Runner,
    *,
    days: int = 30,
    accounts: Sequence[str] = (),
    everything: bool = False,
    as_of: datetime | None = None,
    lookup: SecretLookup | None = None,
    progress: Reporter = lambda text: None,
    with_report: bool = True,
) -> tuple[Outcome, list[Comparison]]:
    """Ask for the window again, run the ordinary way up to now, then look for ghosts.

    Raises SupportEtlError as a run does.
    """
    chosen = settings.chosen(accounts)
    with running(settings, "reconciliation", as_of, lookup) as (context, outcome):
        turn = int(context.as_of.timestamp() // _WEEK)
        asked: list[tuple[AccountSettings, Stream, Window, dict[str, set[str]], int]] = []
        told: Told = {}
        for account in chosen:
            window = (
                Window(account.start, context.as_of)
                if everything
                else reconcile.rotating(account.start, context.as_of, days, turn)
            )
            asked += _ask_again(context, account, window, runner, outcome, told, lookup)
        outcome.streams += ingest_accounts(
            context, chosen, runner, lookup=lookup, progress=progress
        )
        broken = {
            (r.account, r.stream) for r in outcome.streams if r.state in {"failed", "skipped"}
        }  # who was not asked tells of nothing
        found = [
            one
            for account, stream, window, before, changed in asked
            if not {(account.name, stream.name), (account.name, "all")} & broken
            for one in _compare(context, account, stream, window, before, changed, told)
        ]
        with context.warehouse.transaction() as session:
            runlog.record_alerts(
                session,
                reconcile.KINDS,
                reconcile.alerts_of(found, settled=False),
                settled=reconcile.alerts_of(found, settled=True),
                accounts=[account.name for account in chosen],
            )
            runlog.record_reconciliation(
                session, [reconcile.as_row(one, context.run_id) for one in found]
            )
        for subject, _, words in (
            *reconcile.alerts_of(found, settled=True),
            *reconcile.alerts_of(found, settled=False),
        ):
            progress(f"{subject}: {words}")
        finish(context, outcome, runner, chosen, progress=progress, with_report=with_report)
    return outcome, found


def _ask_again(
    context: Context,
    account: AccountSettings,
    window: Window,
    runner: Runner,
    outcome: Outcome,
    told: Told,
    lookup: SecretLookup | None,
) -> list[tuple[AccountSettings, Stream, Window, dict[str, set[str]], int]]:
    """The streams of an account that were read in the window, what the warehouse had before, and
    how many rows changed.
    """
    found = []
    try:
        client = open_client(account, lookup)
    except SupportEtlError:
        return []  # the ordinary run says what is wrong
    for stream in streams_of(account):
        entities = reconcile.compared_entities(stream)
        if not entities:
            continue
        with context.warehouse.session() as session:
            before = {
                entity: reconcile.present(session, account.name, entity) for entity in entities
            }
        call = partial(ingest_stream, context, account, stream, client, window=window, told=told)
        result = runner.run(f"compare {account.name}/{stream.name}", call)
        outcome.streams.append(result)
        found.append((account, stream, window, before, result.changed))
    client.close()
    return found


def _compare(
    context: Context,
    account: AccountSettings,
    stream: Stream,
    window: Window,
    before: dict[str, set[str]],
    changed: int,
    told: Told,
) -> list[Comparison]:
    found = []
    for entity, had in before.items():
        keys = told.get((account.name, stream.name, entity), set())
        with context.warehouse.transaction() as session:
            reconcile.revive(session, account.name, entity, keys)
            ghosts, rows = reconcile.ghosts_of(
                session, account.name, stream.name, entity, window, keys
            )
            is_plausible = reconcile.is_plausible(len(ghosts), rows)
            if is_plausible:
                reconcile.bury(
                    session, account.connector, account.name, entity, ghosts, context.run_id
                )
        missing = len(keys - had)
        found.append(
            Comparison(
                account.name,
                stream.name,
                entity,
                window,
                len(keys),
                rows,
                missing,
                max(0, changed - missing),
                tuple(ghosts),
                is_plausible,
            )
        )
    return found
