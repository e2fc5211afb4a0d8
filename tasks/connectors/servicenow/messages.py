"""ServiceNow: what was written on tickets."""

from tasks.connectors.servicenow.api import table
from tasks.entities import MESSAGE
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    table(
        "journal",
        "Comments and work notes",
        "sys_journal_field",
        "sys_id,name,element,element_id,value,sys_created_on,sys_created_by",
        (
            Output(
                MESSAGE,
                fields={
                    "message_id": "sys_id",
                    "ticket_id": "element_id",
                    "sent_at": "sys_created_on",
                    "author_id": "sys_created_by",
                    "author_role": sql("case when {sys_created_by} = 'system' then 'system' end"),
                    "is_public": sql("{element} = 'comments'"),
                    "body": "value",
                },
            ),
        ),
        time="sys_created_on",
        only="nameINincident,sn_customerservice_case,task^elementINcomments,work_notes",
    ),
)
