"""Past windows through the same path: in bounded chunks, resumable, bookmarks untouched."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from flows.daily import LOG, RUNNER, prefect_secret, state_of
from flows.job import run_backfill
from flows.runner import PrefectRunner
from tasks.clock import as_utc
from tasks.settings import load


@flow(name="backfill-support-etl", task_runner=RUNNER, persist_result=False)
def backfill_support_etl(
    start: datetime,
    end: datetime,
    chunk_days: Annotated[int, Field(ge=1, le=366)] = 30,
    accounts: list[str] | None = None,
) -> Any:
    """Read a past span again, chunk by chunk, and rebuild the tables.

    Args:
        start: First instant, such as 2026-01-01.
        end: Instant at which to stop, not included.
        chunk_days: Days asked for at a time.
        accounts: Names of the accounts to read. Empty: all.

    """
    return state_of(
        lambda: run_backfill(
            load(),
            PrefectRunner(),
            as_utc(start),
            as_utc(end),
            chunk=timedelta(days=chunk_days),
            accounts=accounts or (),
            lookup=prefect_secret,
            progress=LOG.info,
        )
    )
