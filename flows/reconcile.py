"""The comparison with the vendors as a Prefect flow, `reconcile-support-etl`, once a week."""

from typing import Annotated, Any

from prefect import State, flow
from pydantic import Field

from flows.orchestration import LOG, TASK_RUNNER, PrefectRunner, prefect_secret, run_name, state_of
from flows.pipeline.reconcile import run_reconciliation


@flow(
    name="reconcile-support-etl",
    flow_run_name=run_name("reconciliation"),
    task_runner=TASK_RUNNER,
    persist_result=False,
)
def reconcile_support_etl(
    days: Annotated[int, Field(ge=1, le=3660)] = 30,
    accounts: list[str] | None = None,
    everything: bool = False,
) -> State[Any]:
    """Compare a window with the vendors: load missing records, mark deleted ones.

    Args:
        days: Length of the window. Each week takes the next older one, back to the accounts' start,
            then begins again.
        accounts: Names of the accounts to compare. Empty: all.
        everything: All time since the accounts' start at once.

    """
    return state_of(
        lambda settings: run_reconciliation(
            settings,
            PrefectRunner(),
            days=days,
            accounts=accounts or (),
            everything=everything,
            lookup=prefect_secret,
            progress=LOG.info,
        )[0]
    )
