"""Plans, costs and shifts that no vendor has: CSV or XLSX files, or queries of a database.

One setting a table: a path or fsspec URL, or a query that begins with `select` or `with` and runs
on the database of the secret `database_url`. Columns are named like the entity's (first row of a
file); their order does not matter.
"""

from tasks.connectors.files import calendar, plans, targets
from tasks.rest.auth import NoSecret
from tasks.rest.spec import Connector, Request

connector = Connector(
    name="files",
    title="Files",
    docs="tasks/connectors/README.md",
    api_version="1",
    base_url="file:",
    optional_settings=(
        "budget_lines",
        "cost_entries",
        "exchange_rates",
        "headcount_plan",
        "kpi_targets",
        "shifts",
        "sla_targets",
        "special_days",
    ),
    auth=NoSecret(given=("database_url",)),
    check=Request("files"),
    streams=(
        *calendar.STREAMS,
        *plans.STREAMS,
        *targets.STREAMS,
    ),
)
