"""Salesforce Service Cloud: tickets and their history."""

from tasks.connectors.salesforce.api import changed, full, gone
from tasks.entities import TICKET, TICKET_EVENT, TICKET_STATUS
from tasks.rest.spec import Output
from tasks.rest.values import sql


def history(field: str, vendor_field: str) -> Output:
    """Changes of one tracked field."""
    return Output(
        TICKET_EVENT,
        filter=sql(f"{{Field}} = '{vendor_field}'"),
        fields={
            "event_id": "Id",
            "ticket_id": "CaseId",
            "field": sql(f"'{field}'"),
            "from_value": "OldValue",
            "to_value": "NewValue",
            "changed_at": "CreatedDate",
            "actor_id": "CreatedById",
        },
    )


def owner(field: str, prefix: str, unchanged: str) -> Output:
    """Owner rows with ids. A queue that hands over to a user is still the team."""

    def owner_of(column: str, other: str) -> str:
        return f"case when {{{column}}} like '{prefix}%' then {{{column}}} else {other} end"

    return Output(
        TICKET_EVENT,
        filter=sql(
            f"{{Field}} = 'Owner' and ({{OldValue}} like '{prefix}%' or {{NewValue}} like"
            f" '{prefix}%')"
        ),
        fields={
            "event_id": sql(f"{{Id}} || '-{field}'"),
            "ticket_id": "CaseId",
            "field": sql(f"'{field}'"),
            "from_value": sql(owner_of("OldValue", "null")),
            "to_value": sql(owner_of("NewValue", unchanged)),
            "changed_at": "CreatedDate",
            "actor_id": "CreatedById",
        },
    )


SCHEDULE = Output(  # two rows for one change, names and ids, as with owners
    TICKET_EVENT,
    filter=sql(
        "{Field} in ('BusinessHours', 'BusinessHoursId')"
        " and ({OldValue} like '01m%' or {NewValue} like '01m%')"
    ),
    fields={
        "event_id": "Id",
        "ticket_id": "CaseId",
        "field": sql("'schedule'"),
        "from_value": "OldValue",
        "to_value": "NewValue",
        "changed_at": "CreatedDate",
        "actor_id": "CreatedById",
    },
)

IS_TICKET = "not cast({IsDeleted} as boolean) or {MasterRecordId} is not null"

CASE = (
    "Id, CaseNumber, Subject, Status, Priority, Origin, Type, OwnerId, ContactId, AccountId,"
    " MasterRecordId, CreatedById, ClosedDate, CreatedDate, SystemModstamp, IsDeleted,"
    " BusinessHoursId"
)

STREAMS = (
    changed(
        "cases",
        "Cases, deleted and merged ones too",
        "Case",
        CASE,
        (
            Output(
                TICKET,
                filter=sql(IS_TICKET),
                fields={
                    "ticket_id": "Id",
                    "number": "CaseNumber",
                    "subject": "Subject",
                    "status": "Status",
                    "priority": "Priority",
                    "type": "Type",
                    "channel": "Origin",
                    "requester_id": "ContactId",
                    "organization_id": "AccountId",
                    "assignee_id": sql("case when {OwnerId} like '005%' then {OwnerId} end"),
                    "team_id": sql("case when {OwnerId} like '00G%' then {OwnerId} end"),
                    "created_by_id": "CreatedById",
                    "created_at": "CreatedDate",
                    "closed_at": "ClosedDate",
                    "merged_into_id": "MasterRecordId",
                    "schedule_id": "BusinessHoursId",
                    "version_at": "SystemModstamp",
                },
            ),
            gone(TICKET, "cast({IsDeleted} as boolean) and {MasterRecordId} is null"),
        ),
    ),
    changed(
        "case_history",
        "Changes of tracked fields",
        "CaseHistory",
        "Id, CaseId, Field, OldValue, NewValue, CreatedById, CreatedDate, IsDeleted",
        (
            history("status", "Status"),
            history("priority", "Priority"),
            owner("assignee", "005", "null"),
            owner("team", "00G", "{OldValue}"),
            SCHEDULE,
        ),
        time="CreatedDate",
    ),
    full(
        "statuses",
        "Meaning of statuses",
        "SELECT ApiName, MasterLabel, IsClosed FROM CaseStatus",
        (
            Output(
                TICKET_STATUS,
                fields={
                    "status_id": "ApiName",
                    "label": "MasterLabel",
                    "category": sql("case when cast({IsClosed} as boolean) then 'closed' end"),
                },
            ),
        ),
    ),
)
