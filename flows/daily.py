"""The daily job as a Prefect flow: `daily-support-etl`, one task run per stream and per model."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.blocks.system import Secret
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows.job import Outcome, run_daily
from flows.runner import WORKERS, PrefectRunner
from tasks.clock import as_utc
from tasks.errors import RunAtWorkError
from tasks.publish import kpi_table
from tasks.settings import Settings, load
from tasks.warehouse.engine import Warehouse

RUNNER: Any = ThreadPoolTaskRunner(max_workers=WORKERS)
LOG = logging.getLogger("support_etl")  # prefect_setup.py adds it to a run's log


@flow(name="daily-support-etl", task_runner=RUNNER, persist_result=False)
def daily_support_etl(as_of: datetime | None = None, accounts: list[str] | None = None) -> Any:
    """Bring every account up to date and rebuild KPI, budget and staffing tables.

    Args:
        as_of: Instant for which the numbers are made, such as 2026-03-01T00:00:00Z. Empty: now.
        accounts: Names of the accounts to read. Empty: all.

    """
    settings = load()

    def work() -> Outcome:
        outcome = run_daily(
            settings,
            PrefectRunner(),
            as_of=as_utc(as_of) if as_of else None,
            lookup=prefect_secret,
            accounts=accounts or (),
            progress=LOG.info,
        )
        leave_artifacts(settings, outcome)
        return outcome

    return state_of(work)


LAST: list[
    Outcome
] = []  # for the command line, which runs the flow in its own process and prints what it did


def state_of(work: Callable[[], Outcome]) -> Any:
    """The state in which a flow ends.

    Where another run is at work nothing is wrong: this one is cancelled, and that one tells how it
    ends.
    """
    try:
        outcome = work()
    except RunAtWorkError as busy:
        return Cancelled(message=str(busy))
    LAST.append(outcome)
    if outcome.state != "completed":
        return Failed(message=outcome.message)
    return Completed(message=f"{outcome.changed_rows:,} rows changed")


def prefect_secret(name: str) -> str | None:
    """The value of a Prefect Secret block, or None if there is no such block."""
    try:
        block: Any = Secret.load(name)
    except ValueError:
        return None
    return str(block.get())


def leave_artifacts(settings: Settings, outcome: Outcome) -> None:
    """The KPI table and the validation summary, for Prefect's UI."""
    warehouse = Warehouse.of(settings.warehouse)
    with warehouse.session() as session:
        last_day = session.fetch("select last_day from ops.reporting_zone where is_main")[0][0]
        table = kpi_table(session, last_day)
    warehouse.dispose()
    rows = [dict(zip(table.heads, map(str, row), strict=True)) for row in table.rows]
    create_table_artifact(rows, key="kpis", description=f"KPIs up to {last_day}")
    summary = [
        {
            "stream": f"{r.account}/{r.stream}",
            "state": r.state,
            "records": r.records,
            "changed": r.changed,
            "set aside": r.quarantined,
            "broken rules": sum(not x.is_met for _, v in r.verdicts for x in v.results),
            "message": r.message,
        }
        for r in outcome.streams
    ]
    create_table_artifact(summary, key="validation", description="Streams and rules of the run")
