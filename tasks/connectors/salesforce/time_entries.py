"""Salesforce Service Cloud: time that agents spent on tickets."""

from tasks.connectors.salesforce.api import changed
from tasks.entities import TIME_ENTRY
from tasks.rest.spec import Output
from tasks.rest.values import sql

NOT_DONE = "'Canceled', 'Declined', 'DeclinedOnPushTimeout', 'Unavailable'"

STREAMS = (
    changed(
        "agent_work",
        "Work of agents on cases, where Omni-Channel routes them",
        "AgentWork",
        "Id, WorkItemId, UserId, BotId, Status, CloseDateTime, HandleTime, SystemModstamp,"
        " IsDeleted",
        (
            Output(
                TIME_ENTRY,
                filter=sql(  # a transfer makes another record, with the time of its own agent
                    f"""
                    {{WorkItemId}} like '500%' and {{CloseDateTime}} is not null
                    and {{HandleTime}} is not null and {{BotId}} is null
                    and coalesce({{Status}}, '') not in ({NOT_DONE})
                    and not cast({{IsDeleted}} as boolean)"""
                ),
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
