"""HubSpot: what was written on tickets."""

from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Partition, sql

# `createdBy` begins with A- agent, B- bot, E- e-mail, I- integration, L- AI, S- system, V- visitor
MESSAGES = (
    Output(
        MESSAGE,
        section="messages",
        filter=sql(
            "{type} in ('MESSAGE', 'COMMENT', 'WELCOME_MESSAGE')"
            " and {status.statusType} is distinct from 'FAILED'"
        ),
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
                    when left({createdBy}, 2) in ('B-', 'I-', 'L-') then 'bot'
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
