"""ServiceNow: records that were deleted."""

from tasks.connectors.servicenow.api import table
from tasks.entities import TOMBSTONE
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    table(
        "deletions",
        "Deleted tickets, where the table is audited",
        "sys_audit_delete",
        "sys_id,tablename,documentkey,sys_created_on",
        (
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "documentkey",
                    "deleted_at": "sys_created_on",
                    "version_at": "sys_created_on",
                },
            ),
        ),
        time="sys_created_on",
        only="tablenameINincident,sn_customerservice_case",
        optional=True,
    ),
)
