"""Files: targets of KPIs and of response times."""

from tasks.connectors.files.api import table
from tasks.entities import KPI_TARGET, SLA_TARGET
from tasks.rest.values import sql

STREAMS = (
    table(
        "kpi_targets",
        "Targets of KPIs, by team and first day",
        KPI_TARGET,
        team=sql("coalesce({team}, 'all')"),
    ),
    table(
        "sla_targets",
        "Promises on time that no vendor tells",
        SLA_TARGET,
        **{name: sql(f"coalesce({{{name}}}, 'all')") for name in ("desk", "team", "priority")},
        valid_from_on=sql("coalesce({valid_from_on}, '1970-01-01')"),
        is_business=sql("coalesce(try_cast({is_business} as boolean), true)"),
    ),
)
