"""Jira Service Management: what was written on tickets."""

from tasks.connectors.jira.transforms import comments_within, opening
from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Partition, sql

MESSAGES = (
    Output(MESSAGE, transform=opening),
    Output(MESSAGE, transform=comments_within),
    Output(
        MESSAGE,
        section="comments",
        fields={
            "message_id": "id",
            "ticket_id": Partition(),
            "sent_at": "created",
            "author_id": "author.accountId",
            "is_public": sql("coalesce(cast({jsdPublic} as boolean), true)"),
            "author_role": sql(
                """
                case {author.accountType}
                    when 'customer' then 'customer'
                    when 'app' then 'bot'
                end"""
            ),
            "sequence": "id",
        },
    ),
)
