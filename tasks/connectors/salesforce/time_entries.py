"""Salesforce Service Cloud: time that agents spent on tickets."""

from tasks.connectors.salesforce.api import changed
from tasks.entities import TIME_ENTRY
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    changed(
        "agent_work",
        "Work of agents on cases, where Omni-Channel routes them",
        "AgentWork",
        "Id, WorkItemId, UserId, CloseDateTime, HandleTime, SystemModstamp",
        (
            Output(
                TIME_ENTRY,
                filter=sql("{WorkItemId} like '500%' and {CloseDateTime} is not null"),
                fields={
                    "entry_id": "Id",
                    "ticket_id": "WorkItemId",
                    "agent_id": "UserId",
                    "entered_at": "CloseDateTime",
                    "seconds": "HandleTime",
                    "version_at": "SystemModstamp",
                },
            ),
        ),
        optional=True,
    ),
)
