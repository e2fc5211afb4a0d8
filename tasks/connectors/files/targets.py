"""Files: targets of KPIs and of response times."""

from tasks.connectors.files.api import table
from tasks.entities import KPI_TARGET, SLA_TARGET

STREAMS = (
    table(
        "kpi_targets",
        "Targets of KPIs, by team and first day",
        KPI_TARGET,
        defaults={"team": "all"},
        one_of=("target",),
    ),
    table(
        "sla_targets",
        "Promises on time for helpdesks that report none",
        SLA_TARGET,
        defaults={
            "desk": "all",
            "team": "all",
            "priority": "all",
            "valid_from_on": "1970-01-01",
            "is_business": "true",
        },
        one_of=("target_minutes",),
    ),
)
