"""Notice that the schedule has stopped, which no run can tell: `watch-support-etl`, once an hour."""

from datetime import timedelta
from typing import Annotated, Any

from prefect import flow
from prefect.states import Completed, Failed
from pydantic import Field

from flows.daily import LOG, prefect_secret
from flows.notifications import notify_stale
from flows.upkeep import complete_until
from tasks.clock import now
from tasks.errors import WarehouseBusyError
from tasks.settings import load


@flow(name="watch-support-etl", persist_result=False)
def watch_support_etl(max_age_hours: Annotated[float, Field(gt=0)] = 26) -> Any:
    """Tell people by Slack, Teams and e-mail when the numbers are late, once a day until they are
    complete again.

    Args:
        max_age_hours: Hours that the marts may be old.

    """
    settings = load()
    try:
        until = complete_until(settings)
    except WarehouseBusyError as busy:
        return Completed(message=str(busy))
    if until is not None and now() - until <= timedelta(hours=max_age_hours):
        return Completed(message=f"complete up to {until:%Y-%m-%d %H:%M} UTC")
    for words in notify_stale(settings, until, lookup=prefect_secret):
        LOG.warning(words)
    return Failed(
        message=(
            f"late: complete up to {until:%Y-%m-%d %H:%M} UTC"
            if until
            else "late: never complete yet"
        )
    )
