"""Freshdesk: what was written on tickets."""

from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import sql

MESSAGES = (
    Output(
        MESSAGE,
        fields={
            "message_id": sql("cast({id} as varchar) || '-description'"),
            "ticket_id": "id",
            "sent_at": "created_at",
            "sequence": sql("0"),
            "is_public": sql("true"),
            "author_id": sql(
                "case when {source} = 10 then cast({responder_id} as varchar)"
                " else cast({requester_id} as varchar) end"
            ),
            "author_role": sql("case when {source} = 10 then 'agent' else 'customer' end"),
        },
    ),
    Output(
        MESSAGE,
        section="conversations",
        filter=sql("{source} is distinct from 6"),  # the comment of a rating
        fields={
            "message_id": "id",
            "ticket_id": "ticket_id",
            "sent_at": "created_at",
            "author_id": "user_id",
            "sequence": "id",
            "author_role": sql(
                """
                case
                    when cast({incoming} as boolean) then 'customer'
                    when cast({auto_response} as boolean) then 'bot'
                    when {automation_id} is not null then 'bot'
                    when {automation_type_id} is not null then 'bot'
                    else 'agent'
                end"""
            ),
            "is_public": sql("not cast({private} as boolean)"),
            "body": "body_text",
            "version_at": sql("coalesce({last_edited_at}, {updated_at})"),
        },
    ),
)
