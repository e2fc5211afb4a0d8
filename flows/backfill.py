"""Past windows through the same path: in bounded chunks, resumable, bookmarks untouched."""

from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.states import Completed, Failed

from flows.daily import LAST, LOG, RUNNER, prefect_secret
from flows.job import run_backfill
from flows.stages import AsPrefectTasks
from tasks.clock import parse_instant
from tasks.settings import load


@flow(name="backfill-support-etl", task_runner=RUNNER, persist_result=False)
def backfill_support_etl(start: str, end: str, chunk_days: int = 30, accounts: list[str] | None = None) -> Any:
    """Read a past span again, chunk by chunk, and rebuild the tables.

    Args:
        start: First instant, such as 2026-01-01.
        end: Instant at which to stop, not included.
        chunk_days: Days asked for at a time.
        accounts: Names of the accounts to read. Empty: all.

    """
    outcome = run_backfill(
        load(), AsPrefectTasks(), parse_instant(start), parse_instant(end), chunk=timedelta(days=chunk_days),
        accounts=accounts or (), lookup=prefect_secret, say=LOG.info,
    )
    LAST.append(outcome)
    return Failed(message=outcome.message) if outcome.state != "completed" else Completed(message="backfill complete")

