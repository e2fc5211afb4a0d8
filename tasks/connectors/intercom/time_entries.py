"""Intercom: time that agents spent on tickets."""

from tasks.connectors.intercom.api import holder
from tasks.entities import TIME_ENTRY
from tasks.rest.spec import Output
from tasks.rest.values import epoch, sql

TIME_ENTRIES = (
    Output(
        TIME_ENTRY,
        section="conversation",
        filter=sql("{statistics.handling_time} is not null"),
        fields={
            "entry_id": "id",
            "ticket_id": "id",
            "agent_id": holder("admin_assignee_id"),
            "entered_at": sql(
                "to_timestamp(coalesce(cast({statistics.last_close_at} as double),"
                " cast({updated_at} as double)))"
            ),
            "seconds": "statistics.handling_time",
            "version_at": epoch("updated_at"),
        },
    ),
)
