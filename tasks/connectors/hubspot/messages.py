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
                "case when {direction} = 'OUTGOING' and {createdBy} like 'E-%' then"
                " 'agent' else case left({createdBy}, 2) when 'A-' then 'agent' when"
                " 'B-' then 'bot' when 'S-' then 'system' else 'customer' end end"
            ),
            "is_public": sql("{type} <> 'COMMENT'"),
            "body": "text",
            "sequence": sql("epoch_ms(try_cast({createdAt} as timestamptz))"),
        },
    ),
)
