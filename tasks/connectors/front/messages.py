"""Front: what was written on tickets."""

from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Partition, epoch, sql

MESSAGES = (
    Output(
        MESSAGE,
        section="messages",
        filter=sql("{draft_mode} is null"),
        fields={
            "message_id": "id",
            "ticket_id": Partition(),
            "sent_at": epoch("created_at"),
            "author_id": "author.id",
            "is_public": sql("true"),
            "channel": "type",
            "body": "text",
            "author_role": sql(
                """
                case
                    when cast({is_inbound} as boolean) then 'customer'
                    when {author.id} is null then 'system'
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
            "sequence": sql("cast(cast({posted_at} as double) * 1000 as bigint)"),
        },
    ),
)
