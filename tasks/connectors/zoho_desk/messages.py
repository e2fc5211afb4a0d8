"""Zoho Desk: what was written on tickets."""

from tasks.connectors.zoho_desk.api import instant
from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Partition, sql

MESSAGES = (
    Output(
        MESSAGE,
        section="threads",
        filter=sql("coalesce({status}, '') not in ('DRAFT', 'FAILED')"),  # not sent
        fields={
            "message_id": "id",
            "ticket_id": Partition(),
            "sent_at": instant("createdTime"),
            "author_id": "author.id",
            "is_public": sql("coalesce({visibility}, 'public') = 'public'"),
            "author_role": sql(
                """
                case
                    when {direction} = 'in' then 'customer'
                    when {author.type} = 'AGENT' then 'agent'
                    else 'system'
                end"""
            ),
            "channel": "channel",
            "body": "summary",
            "sequence": "id",
        },
    ),
    Output(
        MESSAGE,
        section="comments",
        fields={
            "message_id": sql("'comment-' || {id}"),
            "ticket_id": Partition(),
            "sent_at": instant("commentedTime"),
            "author_id": "commenterId",
            "is_public": "isPublic",
            "body": "content",
            "author_role": sql(
                """
                case {commenter.type}
                    when 'AGENT' then 'agent'
                    when 'END_USER' then 'customer'
                end"""
            ),
            "sequence": "id",
        },
    ),
)
