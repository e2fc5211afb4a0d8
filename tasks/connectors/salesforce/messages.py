"""Salesforce Service Cloud: what was written on tickets."""

from tasks.connectors.salesforce.api import changed
from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import sql

CUSTOMERS = (
    "CSPLitePortal",
    "CsnOnly",
    "CustomerSuccess",
    "Guest",
    "PowerCustomerSuccess",
    "PowerPartner",
    "SelfService",
)

ROLE = f"""
    case
        when {{CreatedBy.UserType}} in ('AutomatedProcess', 'CloudIntegrationUser') then 'bot'
        when {{CreatedBy.UserType}} in ({", ".join(f"'{kind}'" for kind in CUSTOMERS)})
            then 'customer'
        when {{CreatedBy.UserType}} = 'Standard' then 'agent'
    end"""

STREAMS = (
    changed(
        "emails",
        "Mails of cases",
        "EmailMessage",
        "Id, ParentId, Incoming, Status, MessageDate, CreatedById, CreatedBy.UserType, TextBody,"
        " SystemModstamp, IsDeleted",
        (
            Output(
                MESSAGE,
                filter=sql(  # status 5 is a draft
                    "{ParentId} like '500%' and not cast({IsDeleted} as boolean)"
                    " and cast({Status} as varchar) is distinct from '5'"
                ),
                fields={
                    "message_id": "Id",
                    "ticket_id": "ParentId",
                    "sent_at": "MessageDate",
                    "author_id": "CreatedById",
                    "is_public": sql("true"),
                    "channel": sql("'email'"),
                    "body": "TextBody",
                    "author_role": sql(  # who is no robot and no customer sends as an agent
                        "case when cast({Incoming} as boolean) then 'customer'"
                        f" else coalesce({ROLE}, 'agent') end"
                    ),
                    "version_at": "SystemModstamp",
                },
            ),
        ),
    ),
    changed(
        "comments",
        "Comments of cases",
        "CaseComment",
        "Id, ParentId, IsPublished, CommentBody, CreatedById, CreatedBy.UserType, CreatedDate,"
        " SystemModstamp, IsDeleted",
        (
            Output(
                MESSAGE,
                filter=sql("not cast({IsDeleted} as boolean)"),
                fields={
                    "message_id": "Id",
                    "ticket_id": "ParentId",
                    "sent_at": "CreatedDate",
                    "author_id": "CreatedById",
                    "author_role": sql(ROLE),
                    "is_public": "IsPublished",
                    "body": "CommentBody",
                    "version_at": "SystemModstamp",
                },
            ),
        ),
    ),
)
