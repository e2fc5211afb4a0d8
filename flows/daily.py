"""The daily job as a Prefect flow, `daily-support-etl`: a task run for each stream and model."""

from datetime import datetime
from typing import Any

from prefect import State, flow

from flows.orchestration import LOG, TASK_RUNNER, PrefectRunner, prefect_secret, run_name, state_of
from flows.pipeline.run import run_daily
from tasks.clock import as_utc


@flow(
    name="daily-support-etl",
    flow_run_name=run_name("daily"),
    task_runner=TASK_RUNNER,
    persist_result=False,
)
def daily_support_etl(
    as_of: datetime | None = None, accounts: list[str] | None = None
) -> State[Any]:
    """Bring every account up to date and rebuild KPI, budget and staffing tables.

    Args:
        as_of: Instant for which the numbers are made, such as 2026-03-01T00:00:00Z. Empty: now.
        accounts: Names of the accounts to read. Empty: all.

    """
    return state_of(
        lambda settings: run_daily(
            settings,
            PrefectRunner(),
            as_of=as_utc(as_of) if as_of else None,
            lookup=prefect_secret,
            accounts=accounts or (),
            progress=LOG.info,
        )
    )
