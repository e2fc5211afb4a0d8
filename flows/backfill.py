"""Past windows again, in bounded chunks, as a Prefect flow: `backfill-support-etl`."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from prefect import State, flow
from pydantic import Field

from flows.orchestration import LOG, TASK_RUNNER, PrefectRunner, prefect_secret, run_name, state_of
from flows.pipeline.run import run_backfill
from tasks.clock import as_utc


@flow(
    name="backfill-support-etl",
    flow_run_name=run_name("backfill", "start"),
    task_runner=TASK_RUNNER,
    persist_result=False,
)
def backfill_support_etl(
    start: datetime,
    end: datetime,
    chunk_days: Annotated[int, Field(ge=1, le=366)] = 30,
    accounts: list[str] | None = None,
) -> State[Any]:
    """Read a past span again, chunk by chunk, and rebuild the tables.

    Args:
        start: First instant, such as 2026-01-01.
        end: Instant at which to stop, not included.
        chunk_days: Days to request at a time.
        accounts: Names of the accounts to read. Empty: all.

    """
    return state_of(
        lambda settings: run_backfill(
            settings,
            PrefectRunner(),
            as_utc(start),
            as_utc(end),
            chunk=timedelta(days=chunk_days),
            accounts=accounts or (),
            lookup=prefect_secret,
            progress=LOG.info,
        )
    )
