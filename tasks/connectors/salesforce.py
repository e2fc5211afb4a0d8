"""Salesforce Service Cloud: cases, their history, mails, comments, milestones, calendars and
contracts.

Facts: developer.salesforce.com. `queryAll` shows deleted and merged rows too; windows of a month
and more go through Bulk API 2.0. Server cursors page within a query, so equal stamps over a page
border lose nothing. A case's owner is a queue (the team) or a user: owner history gives two rows,
names and ids, of which the ids count. No first reply and no survey scores in the standard objects;
agent time only where Omni-Channel routes the work.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from tasks.clock import Window, minute_of_day, occurrences
from tasks.entities import (
    AGENT,
    BUSINESS_SCHEDULE,
    CONTRACT,
    CUSTOMER,
    HOLIDAY,
    MESSAGE,
    ORGANIZATION,
    SLA_EVENT,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TICKET_STATUS,
    TIME_ENTRY,
    TOMBSTONE,
    Entity,
)
from tasks.rest.auth import OAuth2
from tasks.rest.paging import NextUrl
from tasks.rest.spec import (
    Connector,
    Export,
    FullRefresh,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
)
from tasks.rest.values import Header, sql

API = "/services/data/v65.0"
MONTH = timedelta(days=31)
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def select(table: str, fields: str, time: str, window: Window) -> str:
    low, high = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (window.start, window.end))
    return f"SELECT {fields} FROM {table} WHERE {time} >= {low} AND {time} < {high}"


def changed(
    name: str,
    description: str,
    table: str,
    fields: str,
    outputs: tuple[Output, ...],
    *,
    time: str = "SystemModstamp",
    people: bool = False,
    optional: bool = False,
) -> Stream:
    """Rows by change: a query of pages, or a bulk job for long windows (without ORDER BY, which
    would slow it).
    """
    bulk = Export(
        start=lambda _, window, settings: Request(
            f"{API}/jobs/query",
            method="POST",
            body={
                "operation": "queryAll",
                "query": select(table, fields, time, window),
                "contentType": "CSV",
                "columnDelimiter": "COMMA",
                "lineEnding": "LF",
            },
        ),
        job_at="id",
        poll=lambda _, job: Request(f"{API}/jobs/query/{job}"),
        state_at="state",
        done=frozenset({"JobComplete"}),
        failed=frozenset({"Failed", "Aborted"}),
        file=lambda _, job: Request(f"{API}/jobs/query/{job}/results", {"maxRecords": "50000"}),
        kind="csv",
        next_part=Header("sforce-locator"),
        next_part_param="locator",
        rows_count=Header("sforce-numberofrecords"),
        shortest_window=MONTH,
    )
    return Stream(
        name=name,
        description=description,
        path=f"{API}/queryAll",
        records="records",
        paging=NextUrl(at="nextRecordsUrl"),
        export=bulk,
        outputs=outputs,
        from_beginning=people,
        optional=optional,
        sync=IncrementalWindow(
            ask=lambda window: {"q": f"{select(table, fields, time, window)} ORDER BY {time}, Id"},
            overlap=timedelta(minutes=10),
        ),
    )


def full(
    name: str,
    description: str,
    query: str,
    outputs: tuple[Output, ...],
    *,
    replaces: bool = False,
    optional: bool = False,
) -> Stream:
    return Stream(
        name=name,
        description=description,
        path=f"{API}/query",
        params={"q": query},
        records="records",
        paging=NextUrl(at="nextRecordsUrl"),
        sync=FullRefresh(replaces=replaces),
        outputs=outputs,
        optional=optional,
    )


def history(field: str, told: str) -> Output:
    return Output(
        TICKET_EVENT,
        filter=sql(f"{{Field}} = '{told}'"),
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


def gone(entity: Entity, row_filter: str = "cast({IsDeleted} as boolean)") -> Output:
    return Output(
        TOMBSTONE,
        filter=sql(row_filter),
        fields={
            "entity": sql(f"'{entity.name}'"),
            "record_id": "Id",
            "deleted_at": "SystemModstamp",
            "version_at": "SystemModstamp",
        },
    )


def owner(field: str, prefix: str, unchanged: str) -> Output:
    """Owner rows with ids. A queue that hands over to a user is still the team."""

    def told(column: str, other: str) -> str:
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
            "from_value": sql(told("OldValue", "null")),
            "to_value": sql(told("NewValue", unchanged)),
            "changed_at": "CreatedDate",
            "actor_id": "CreatedById",
        },
    )


def milestone(kind: str, at: str, condition: str) -> Output:
    return Output(
        SLA_EVENT,
        filter=sql(f"not cast({{IsDeleted}} as boolean) and {condition}"),
        fields={
            "event_id": sql(f"{{Id}} || '-{kind}'"),
            "ticket_id": "CaseId",
            "policy_id": "MilestoneTypeId",
            "metric": sql("lower({MilestoneType.Name})"),
            "instance": "Id",
            "kind": sql(f"'{kind}'"),
            "happened_at": at,
            "target_minutes": "TargetResponseInMins",
            "is_business": sql("{BusinessHoursId} is not null"),
            "version_at": "SystemModstamp",
        },
    )


def week(hours: Record, context: RecordContext) -> Iterable[Row]:
    """A row a day; the same start and end means open all day."""
    for number, day in enumerate(DAYS):
        start, end = hours.get(f"{day}StartTime"), hours.get(f"{day}EndTime")
        if start is not None and end is not None:
            low, high = minute_of_day(start), minute_of_day(end)
            yield {
                "schedule_id": hours["Id"],
                "name": hours.get("Name"),
                "time_zone": hours.get("TimeZoneSidKey"),
                "is_default": hours.get("IsDefault"),
                "starts_minute": number * 1440 + low,
                "ends_minute": number * 1440 + (high if high > low else 1440),
                "version_at": hours.get("SystemModstamp"),
            }


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NTH = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
RECURS = {
    "RecursDaily": "day",
    "RecursEveryWeekday": "week",
    "RecursWeekly": "week",
    "RecursMonthly": "month",
    "RecursMonthlyNth": "month",
    "RecursYearly": "year",
    "RecursYearlyNth": "year",
}


def holiday(told: Record, context: RecordContext) -> Iterable[Row]:
    """A row an occurrence; holidays of part of a day close nothing.

    The mask of weekdays has Sunday as 1, Monday as 2.
    """
    if not told["IsAllDay"]:
        return
    days = (
        [date.fromisoformat(told["ActivityDate"])]
        if not told["IsRecurrence"]
        else occurrences(
            date.fromisoformat(told["RecurrenceStartDate"]),
            (
                date.fromisoformat(told["RecurrenceEndDateOnly"])
                if told["RecurrenceEndDateOnly"]
                else None
            ),
            every=RECURS[told["RecurrenceType"]],
            interval=told["RecurrenceInterval"] or 1,
            day=told["RecurrenceDayOfMonth"],
            month=(
                MONTHS.index(told["RecurrenceMonthOfYear"]) + 1
                if told["RecurrenceMonthOfYear"]
                else None
            ),
            nth=NTH.get(told["RecurrenceInstance"]),
            weekdays=[
                (bit - 1) % 7
                for bit in range(7)
                if (told["RecurrenceDayOfWeekMask"] or 0) >> bit & 1
            ],
        )
    )
    yield from (
        {
            "schedule_id": "*",
            "holiday_id": f"{told['Id']}-{day}" if told["IsRecurrence"] else told["Id"],
            "name": told["Name"],
            "first_on": str(day),
            "last_on": str(day),
            "version_at": None,
        }
        for day in days
    )


CASE = (
    "Id, CaseNumber, Subject, Status, Priority, Origin, Type, OwnerId, ContactId, AccountId,"
    " MasterRecordId, CreatedById, ClosedDate, CreatedDate, SystemModstamp, IsDeleted,"
    " BusinessHoursId"
)
connector = Connector(
    name="salesforce",
    title="Salesforce Service Cloud",
    docs="https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/",
    api_version="v65.0",
    base_url="https://{my_domain}.my.salesforce.com",
    settings=("my_domain",),
    auth=OAuth2("/services/oauth2/token", "client_credentials", ("client_id", "client_secret")),
    check=Request(f"{API}/limits"),
    limits=Limits(
        requests_per_minute=600,
        retry_statuses=frozenset({406, 408, 420, 429, 500, 502, 503, 504}),
        spent=lambda status, headers, body: status == 403 and b"REQUEST_LIMIT_EXCEEDED" in body,
    ),
    unsupported=(
        "survey scores",
        "agent time without Omni-Channel",
        "amounts of contracts",
        "holidays of part of a day",
    ),
    streams=(
        changed(
            "cases",
            "Cases, deleted and merged ones too",
            "Case",
            CASE,
            (
                Output(
                    TICKET,
                    filter=sql("not cast({IsDeleted} as boolean) or {MasterRecordId} is not null"),
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
            ),
            time="CreatedDate",
        ),
        changed(
            "emails",
            "Mails of cases",
            "EmailMessage",
            "Id, ParentId, Incoming, MessageDate, CreatedById, TextBody, SystemModstamp, IsDeleted",
            (
                Output(
                    MESSAGE,
                    filter=sql("{ParentId} like '500%' and not cast({IsDeleted} as boolean)"),
                    fields={
                        "message_id": "Id",
                        "ticket_id": "ParentId",
                        "sent_at": "MessageDate",
                        "author_id": "CreatedById",
                        "is_public": sql("true"),
                        "channel": sql("'email'"),
                        "body": "TextBody",
                        "author_role": sql(
                            "case when cast({Incoming} as boolean) then 'customer' else 'agent' end"
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
            "Id, ParentId, IsPublished, CommentBody, CreatedById, CreatedDate, SystemModstamp,"
            " IsDeleted",
            (
                Output(
                    MESSAGE,
                    filter=sql("not cast({IsDeleted} as boolean)"),
                    fields={
                        "message_id": "Id",
                        "ticket_id": "ParentId",
                        "sent_at": "CreatedDate",
                        "author_id": "CreatedById",
                        "is_public": "IsPublished",
                        "body": "CommentBody",
                        "version_at": "SystemModstamp",
                    },
                ),
            ),
        ),
        changed(
            "milestones",
            "SLA milestones of cases",
            "CaseMilestone",
            "Id, CaseId, MilestoneTypeId, MilestoneType.Name, StartDate, TargetDate,"
            " CompletionDate, IsCompleted, IsViolated, TargetResponseInMins, BusinessHoursId,"
            " SystemModstamp, IsDeleted",
            (
                milestone("apply", "StartDate", "{StartDate} is not null"),
                milestone("due", "TargetDate", "{TargetDate} is not null"),
                milestone("fulfill", "CompletionDate", "{CompletionDate} is not null"),
                milestone("breach", "TargetDate", "cast({IsViolated} as boolean)"),
            ),
            optional=True,
        ),
        changed(
            "users",
            "People who may own cases",
            "User",
            "Id, Name, Email, IsActive, TimeZoneSidKey, CreatedDate, SystemModstamp",
            (
                Output(
                    AGENT,
                    fields={
                        "agent_id": "Id",
                        "name": "Name",
                        "email": "Email",
                        "is_active": "IsActive",
                        "time_zone": "TimeZoneSidKey",
                        "created_at": "CreatedDate",
                        "version_at": "SystemModstamp",
                    },
                ),
            ),
            people=True,
        ),
        changed(
            "agent_work",
            "Work of agents on cases, where Omni-Channel routes them",
            "AgentWork",
            "Id, WorkItemId, UserId, CloseDateTime, HandleTime, SystemModstamp",
            (
                Output(
                    TIME_ENTRY,
                    filter=sql("{WorkItemId} like '500%' and {CloseDateTime} is not null"),
                    fields={
                        "entry_id": "Id",
                        "ticket_id": "WorkItemId",
                        "agent_id": "UserId",
                        "entered_at": "CloseDateTime",
                        "seconds": "HandleTime",
                        "version_at": "SystemModstamp",
                    },
                ),
            ),
            optional=True,
        ),
        changed(
            "accounts",
            "Organizations",
            "Account",
            "Id, Name, Website, BillingCountry, OwnerId, CreatedDate, SystemModstamp, IsDeleted",
            (
                Output(
                    ORGANIZATION,
                    filter=sql("not cast({IsDeleted} as boolean)"),
                    fields={
                        "organization_id": "Id",
                        "name": "Name",
                        "domain": "Website",
                        "country": "BillingCountry",
                        "owner_id": "OwnerId",
                        "created_at": "CreatedDate",
                        "version_at": "SystemModstamp",
                    },
                ),
                gone(ORGANIZATION),
            ),
            people=True,
        ),
        changed(
            "contacts",
            "Customers",
            "Contact",
            "Id, Name, Email, AccountId, CreatedDate, SystemModstamp, IsDeleted",
            (
                Output(
                    CUSTOMER,
                    filter=sql("not cast({IsDeleted} as boolean)"),
                    fields={
                        "customer_id": "Id",
                        "organization_id": "AccountId",
                        "name": "Name",
                        "email": "Email",
                        "created_at": "CreatedDate",
                        "version_at": "SystemModstamp",
                    },
                ),
                gone(CUSTOMER),
            ),
            people=True,
        ),
        changed(
            "contracts",
            "Contracts of organizations; amounts are not in the standard object",
            "Contract",
            "Id, AccountId, Status, StartDate, EndDate, SystemModstamp, IsDeleted",
            (
                Output(
                    CONTRACT,
                    filter=sql("not cast({IsDeleted} as boolean) and {AccountId} is not null"),
                    fields={
                        "contract_id": "Id",
                        "organization_id": "AccountId",
                        "stage": "Status",
                        "starts_on": "StartDate",
                        "ends_on": "EndDate",
                        "churned_on": sql(
                            "case when {Status} in ('Terminated', 'Canceled', 'Cancelled') then"
                            " {EndDate} end"
                        ),
                        "version_at": "SystemModstamp",
                    },
                ),
                gone(CONTRACT),
            ),
            people=True,
            optional=True,
        ),
        full(
            "queues",
            "Teams",
            "SELECT Id, Name FROM Group WHERE Type = 'Queue'",
            (Output(TEAM, fields={"team_id": "Id", "name": "Name", "is_active": sql("true")}),),
        ),
        full(
            "queue_members",
            "Who belongs to which queue",
            "SELECT Id, GroupId, UserOrGroupId FROM GroupMember",
            (
                Output(
                    TEAM_MEMBERSHIP,
                    filter=sql("{UserOrGroupId} like '005%'"),
                    fields={"agent_id": "UserOrGroupId", "team_id": "GroupId"},
                ),
            ),
            replaces=True,
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
        full(
            "business_hours",
            "Business hours",
            "SELECT Id, Name, IsDefault, TimeZoneSidKey, SystemModstamp, "
            + ", ".join(f"{d}StartTime, {d}EndTime" for d in DAYS)
            + " FROM BusinessHours WHERE IsActive = true",
            (Output(BUSINESS_SCHEDULE, transform=week),),
            replaces=True,
        ),
        full(
            "holidays",
            "Holidays of whole days, which close every schedule",
            "SELECT Id, Name, ActivityDate, IsAllDay, IsRecurrence, RecurrenceType,"
            " RecurrenceInterval, RecurrenceStartDate, RecurrenceEndDateOnly, RecurrenceDayOfMonth,"
            " RecurrenceMonthOfYear, RecurrenceInstance, RecurrenceDayOfWeekMask FROM Holiday",
            (Output(HOLIDAY, transform=holiday),),
            replaces=True,
        ),
    ),
)
