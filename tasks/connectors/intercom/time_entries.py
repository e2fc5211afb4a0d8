"""Intercom: time that agents spent on tickets."""

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
            "agent_id": "admin_assignee_id",
            "entered_at": sql(
                "to_timestamp(cast(coalesce({statistics.last_close_at}, {updated_at}) as double))"
            ),
            "seconds": "statistics.handling_time",
            "version_at": epoch("updated_at"),
        },
    ),
)
