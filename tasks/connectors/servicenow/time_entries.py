"""ServiceNow: time that agents spent on tickets."""

from tasks.connectors.servicenow.api import table
from tasks.entities import TIME_ENTRY
from tasks.rest.spec import Output

STREAMS = (
    table(
        "time_worked",
        "Time that agents entered",
        "task_time_worked",
        "sys_id,task,user,time_in_seconds,sys_created_on,sys_updated_on",
        (
            Output(
                TIME_ENTRY,
                fields={
                    "entry_id": "sys_id",
                    "ticket_id": "task",
                    "agent_id": "user",
                    "entered_at": "sys_created_on",
                    "seconds": "time_in_seconds",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        optional=True,
    ),
)
