"""Front: what was written on tickets."""

from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Partition, epoch, sql

MESSAGES = (
    Output(
        MESSAGE,
        section="messages",
        filter=sql("{draft_mode} is null and {error_type} is null"),  # not sent
        fields={
            "message_id": "id",
            "ticket_id": Partition(),
            "sent_at": epoch("created_at"),
            "author_id": "author.id",
            "is_public": sql("coalesce({type}, '') <> 'internal'"),
            "channel": "type",
            "body": "text",
            "author_role": sql(
                """
                case
                    when cast({is_inbound} as boolean) then 'customer'
                    when {author.id} is null then 'system'
                    when {author.type} = 'user' then 'agent'
                    when {author.type} is not null then 'bot'
                end"""
            ),
            "sequence": sql("cast(cast({created_at} as double) * 1000 as bigint)"),
        },
    ),
    Output(
        MESSAGE,
        section="comments",
        fields={
            "message_id": "id",
            "ticket_id": Partition(),
            "sent_at": epoch("posted_at"),
            "author_id": "author.id",
            "is_public": sql("false"),
            "body": "body",
            "author_role": sql(
                """
                case
                    when {author.type} = 'user' then 'agent'
                    when {author.type} is not null then 'bot'
                end"""
            ),
            "sequence": sql("cast(cast({posted_at} as double) * 1000 as bigint)"),
        },
    ),
)
