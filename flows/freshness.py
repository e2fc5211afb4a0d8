"""Watch that the schedule still runs, as a Prefect flow: `watch-support-etl`, once an hour."""

from datetime import timedelta
from typing import Annotated, Any

from prefect import State, flow
from prefect.states import Completed, Failed
from pydantic import Field

from flows.orchestration import LOG, failed_by, lines_in_prefect, prefect_secret, run_name
from flows.pipeline.notify import notify_stale
from flows.pipeline.upkeep import complete_until
from tasks.clock import now
from tasks.errors import WarehouseBusyError
from tasks.settings import load, redact


@flow(name="watch-support-etl", flow_run_name=run_name("watch"), persist_result=False)
def watch_support_etl(max_age_hours: Annotated[float, Field(gt=0)] = 26) -> State[Any]:
    """Notify people by Slack, Teams and e-mail when the numbers are late, once a day.

    Args:
        max_age_hours: Hours that the marts may be old.

    """
    with lines_in_prefect():
        return _freshness(max_age_hours)


def _freshness(max_age_hours: float) -> State[Any]:
    """The state in which the flow ends; late numbers are reported."""
    try:
        settings = load()
        until = complete_until(settings)
    except WarehouseBusyError as busy:
        return Completed(message=redact(str(busy)))
    except Exception as error:  # Prefect would store it whole
        return failed_by(error)
    if until is not None and now() - until <= timedelta(hours=max_age_hours):
        return Completed(message=f"complete up to {until:%Y-%m-%d %H:%M} UTC")
    for problem in notify_stale(settings, until, lookup=prefect_secret):
        LOG.warning(problem)
    complete = f"complete up to {until:%Y-%m-%d %H:%M} UTC" if until else "never complete yet"
    return Failed(message=f"late: {complete}")
