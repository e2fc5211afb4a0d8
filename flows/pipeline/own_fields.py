"""What fields each account has, from its lists and the newest landed pages."""

from flows.pipeline.context import open_warehouse
from tasks.connectors import connector
from tasks.errors import ConfigurationError
from tasks.field_use import FieldUse, field_uses
from tasks.landing.store import Landing
from tasks.settings import Settings


def uses_by_account(settings: Settings, account: str = "") -> dict[str, list[FieldUse]]:
    """The fields of each account whose vendor's own fields are read; `account` names one.

    Raises ConfigurationError for an account that is not there or has none, and before the first
    run.
    """
    chosen = settings.chosen((account,) if account else ())
    having = [one for one in chosen if connector(one.connector).own_fields]
    if not having:
        raise ConfigurationError(f"own fields of {account or 'these accounts'} are not read")
    landing = Landing(settings.landing.url)
    with open_warehouse(settings) as warehouse, warehouse.session() as session:
        found = {one.name: field_uses(session, landing, one) for one in having}
    if not any(use.records for uses in found.values() for use in uses):
        raise ConfigurationError("nothing is loaded yet; call `support-etl run`")
    return found
