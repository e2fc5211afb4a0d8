"""HubSpot: what was written on tickets."""

from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Partition, sql

MESSAGES = (
    Output(
        MESSAGE,
        section="messages",
        filter=sql("{type} in ('MESSAGE', 'COMMENT', 'WELCOME_MESSAGE')"),
        fields={
            "message_id": "id",
            "ticket_id": Partition(),
            "sent_at": "createdAt",
            "author_id": "createdBy",
            "author_role": sql(
                """
                case
                    when {direction} = 'OUTGOING' and {createdBy} like 'E-%' then 'agent'
                    when {createdBy} like 'A-%' then 'agent'
                    when {createdBy} like 'B-%' then 'bot'
                    when {createdBy} like 'S-%' then 'system'
                    else 'customer'
                end"""
            ),
            "is_public": sql("{type} <> 'COMMENT'"),
            "body": "text",
            "sequence": sql("epoch_ms(try_cast({createdAt} as timestamptz))"),
        },
    ),
)
