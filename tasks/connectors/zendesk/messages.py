"""Zendesk Support: what was written on tickets."""

from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import Item, sql

MESSAGES = (
    Output(
        MESSAGE,
        each="child_events",
        filter=sql("{kind} = 'Comment'", kind=Item("event_type")),
        fields={
            "message_id": Item("id"),
            "ticket_id": "ticket_id",
            "sent_at": "created_at",
            "author_id": Item("author_id"),
            "is_public": Item("public"),
            "body": Item("body"),
            "sequence": Item("id"),
        },
    ),
)
