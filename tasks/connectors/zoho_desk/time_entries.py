"""Zoho Desk: time that agents spent on tickets."""

from tasks.connectors.zoho_desk.api import instant
from tasks.entities import TIME_ENTRY
from tasks.rest.spec import Output
from tasks.rest.values import Partition, sql

TIME_ENTRIES = (
    Output(
        TIME_ENTRY,
        section="time",
        filter=sql("lower(coalesce(cast({isTrashed} as varchar), 'false')) <> 'true'"),
        fields={
            "entry_id": "id",
            "ticket_id": Partition(),
            "agent_id": "ownerId",
            "entered_at": instant("executedTime"),
            "seconds": sql(
                "cast({hoursSpent} as int) * 3600 + cast({minutesSpent} as int) * 60 +"
                " cast({secondsSpent} as int)"
            ),
        },
    ),
)
