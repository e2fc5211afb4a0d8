"""Zoho Desk: tickets by change, with their history, threads, comments and time.

Facts: desk.zoho.com/DeskAPIDocument. No rows is 204 without a body; search refuses deep offsets, so
a long window is begun anew from the last change. History has no ids and tells values in three
shapes. Departments stand for teams. Trashed tickets are in no list. Two kinds of 429: the day's
credits are used up, or too many calls at once.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from tasks.clock import Window
from tasks.entities import (
    AGENT,
    BUSINESS_SCHEDULE,
    CUSTOMER,
    HOLIDAY,
    MESSAGE,
    ORGANIZATION,
    SLA_POLICY,
    SURVEY_RESPONSE,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TICKET_STATUS,
    TIME_ENTRY,
)
from tasks.rest.auth import OAuth2
from tasks.rest.paging import Offset, Restart
from tasks.rest.shapes import due_clock, full_refresh, hours, score
from tasks.rest.spec import (
    ChildStream,
    Connector,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    RequestState,
    Row,
    Stream,
)
from tasks.rest.values import Expression, Item, Partition, sql

API = "/api/v1"
FIELDS = {
    "Status": "status",
    "Case Owner": "assignee",
    "Department": "team",
    "Priority": "priority",
}
DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
VALUE = Item("propertyValue")
full = partial(full_refresh, at=API, records="data")
paged = partial(full, paging=Offset("from", "limit", 100))


def stamp(at: Any) -> str:
    return str(at.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def modified(window: Window) -> dict[str, str]:
    return {
        "modifiedTimeRange": f"{stamp(window.start)},{stamp(window.end)}",
        "sortBy": "modifiedTime",
    }


def from_last(params: Mapping[str, str], last: str) -> dict[str, str]:
    return {"modifiedTimeRange": f"{last},{params['modifiedTimeRange'].partition(',')[2]}"}


SEARCH = Offset("from", "limit", 100, cap=900, restart=Restart("modifiedTime", from_last))


def told(key: str) -> Expression:
    """A value of a history entry: bare text, an object with an id, or one of a transition's two."""
    places = (f"$.{key}.id", f"$.{key}", *(("$.id",) if key == "updatedValue" else ()))
    inner = ", ".join(f"{{value}}->>'{place}'" for place in places)
    bare = "{value}" if key == "updatedValue" else "null"
    is_object = "{value} like chr(123) || '%'"  # it begins with a brace
    return sql(f"case when {is_object} then coalesce({inner}) else {bare} end", value=VALUE)


def change(name: str, field: str) -> Output:
    return Output(
        TICKET_EVENT,
        section="history",
        each="eventInfo",
        filter=sql(f"{{name}} = '{name}'", name=Item("propertyName")),
        fields={
            "event_id": sql(
                """
                md5(concat_ws(
                    '|', {ticket}, {eventTime}, {name}, cast({value} as varchar)
                ))""",
                ticket=Partition(),
                name=Item("propertyName"),
                value=VALUE,
            ),
            "ticket_id": Partition(),
            "field": sql(f"'{field}'"),
            "from_value": told("previousValue"),
            "to_value": told("updatedValue"),
            "changed_at": "eventTime",
            "actor_id": "actor.id",
        },
    )


def week(told: Record, context: RecordContext) -> Iterable[Row]:
    for time in told.get("businessTimes") or ():
        yield {
            "schedule_id": told["id"],
            "name": told.get("name"),
            "time_zone": (told.get("timeZone") or {}).get("id"),
            **hours(DAYS.index(time["day"]), time["startTime"], time["endTime"]),
        }


def targets(sla: Record, context: RecordContext) -> Iterable[Row]:
    for target in sla.get("targets") or ():
        for metric, key in (("first_response", "firstResponse"), ("resolution", "resolution")):
            if target.get(key):
                yield {
                    "policy_id": sla["id"],
                    "metric": metric,
                    "priority": target.get("priority") or "any",
                    "name": sla.get("name"),
                    "target_minutes": target[key],
                }


def below(name: str, path: str, size: int) -> ChildStream:
    return ChildStream(
        name,
        lambda ids: Request(f"{API}/tickets/{ids[0]}/{path}"),
        key="id",
        records="data",
        paging=Offset("from", "limit", size),
    )


connector = Connector(
    name="zoho_desk",
    title="Zoho Desk",
    docs="https://desk.zoho.com/DeskAPIDocument",
    api_version="v1",
    base_url="https://desk.zoho.{dc}",
    settings=("dc", "organization_id"),
    auth=OAuth2(
        "/oauth/v2/token",
        "refresh_token",
        ("client_id", "client_secret", "refresh_token"),
        login_base="https://accounts.zoho.{dc}",
        scheme="Zoho-oauthtoken",
    ),
    check=Request(f"{API}/organizations"),
    headers={"orgId": "{organization_id}"},
    empty=b'{"data":[]}',
    limits=Limits(
        requests_per_minute=300,
        spent=lambda status, headers, body: status == 429 and b"THRESHOLD_EXCEEDED" in body,
    ),
    unsupported=("deletions", "merges", "which holidays close which schedule (all close all)"),
    streams=(
        Stream(
            name="tickets",
            description="Tickets with history, threads, comments and time",
            path=f"{API}/tickets/search",
            records="data",
            paging=SEARCH,
            sync=IncrementalWindow(ask=modified, overlap=timedelta(minutes=10)),
            child_streams=(
                below("history", "History", 50),
                below("threads", "threads", 100),
                below("comments", "comments", 100),
                below("time", "timeEntry", 50),
            ),
            outputs=(
                Output(
                    TICKET,
                    fields={
                        "ticket_id": "id",
                        "number": "ticketNumber",
                        "subject": "subject",
                        "status": "status",
                        "priority": "priority",
                        "type": "classification",
                        "channel": "channel",
                        "requester_id": "contactId",
                        "organization_id": "accountId",
                        "assignee_id": "assigneeId",
                        "team_id": "departmentId",
                        "created_at": "createdTime",
                        "closed_at": "closedTime",
                        "version_at": "modifiedTime",
                    },
                ),
                Output(
                    TICKET_STATUS,
                    fields={
                        "status_id": "status",
                        "label": "status",
                        "category": sql(
                            "case when {statusType} = 'Closed' then 'closed' when {statusType} ="
                            " 'On Hold' and lower({status}) not like '%customer%' then 'hold' end"
                        ),
                    },
                ),
                *(change(name, field) for name, field in FIELDS.items()),
                *due_clock(
                    "resolution",
                    "dueDate",
                    "closedTime",
                    created="createdTime",
                    changed="modifiedTime",
                ),
                Output(
                    MESSAGE,
                    section="threads",
                    filter=sql("coalesce({status}, '') <> 'DRAFT'"),
                    fields={
                        "message_id": "id",
                        "ticket_id": Partition(),
                        "sent_at": "createdTime",
                        "author_id": "author.id",
                        "is_public": sql("coalesce({visibility}, 'public') = 'public'"),
                        "author_role": sql(
                            "case when {direction} = 'in' then 'customer' when {author.type} ="
                            " 'AGENT' then 'agent' else 'system' end"
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
                        "sent_at": "commentedTime",
                        "author_id": "commenterId",
                        "is_public": "isPublic",
                        "body": "content",
                        "author_role": sql("case when {commenter.type} = 'AGENT' then 'agent' end"),
                        "sequence": "id",
                    },
                ),
                Output(
                    TIME_ENTRY,
                    section="time",
                    fields={
                        "entry_id": "id",
                        "ticket_id": Partition(),
                        "agent_id": "ownerId",
                        "entered_at": "executedTime",
                        "seconds": sql(
                            "cast({hoursSpent} as int) * 3600 + cast({minutesSpent} as int) * 60 +"
                            " cast({secondsSpent} as int)"
                        ),
                    },
                ),
            ),
        ),
        Stream(
            name="ratings",
            description="Customer happiness, newest first, down to a day before the bookmark",
            path=f"{API}/customerHappiness",
            records="data",
            optional=True,
            params={"department": "allDepartment", "sortBy": "-ratedTime"},
            paging=Offset("from", "limit", 50, newest_first="ratedTime"),
            sync=IncrementalWindow(
                state=lambda window: RequestState(since=stamp(window.start)),
                overlap=timedelta(days=1),
            ),
            outputs=(
                Output(
                    SURVEY_RESPONSE,
                    fields={
                        "response_id": "id",
                        "score": sql(
                            "case upper({rating}) when 'GOOD' then 1 when 'OKAY' then 0.5 when"
                            " 'BAD' then 0 end"
                        ),
                        **score("csat", 0, 1),
                        "ticket_id": "ticketId",
                        "customer_id": "contactId",
                        "agent_id": "agentId",
                        "responded_at": "ratedTime",
                        "comment": "feedback",
                    },
                ),
            ),
        ),
        paged(
            "agents",
            "Agents, former ones too, and their departments",
            Output(
                AGENT,
                fields={
                    "agent_id": "id",
                    "name": sql("concat_ws(' ', {firstName}, {lastName})"),
                    "email": "emailId",
                    "role": sql("'agent'"),
                    "is_active": sql("{status} = 'ACTIVE'"),
                    "time_zone": "timeZone",
                },
            ),
            Output(
                TEAM_MEMBERSHIP,
                each="associatedDepartmentIds",
                fields={"agent_id": "id", "team_id": Item()},
            ),
        ),
        paged(
            "departments",
            "Departments, which stand for teams, and their SLAs",
            Output(TEAM, fields={"team_id": "id", "name": "name", "is_active": "isEnabled"}),
            Output(SLA_POLICY, section="slas", transform=targets),
            child_streams=(
                ChildStream(
                    "slas",
                    lambda ids: Request(f"{API}/slas", {"departmentId": ids[0]}),
                    key="id",
                    records="data",
                ),
            ),
        ),
        Stream(
            name="contacts",
            description="Customers",
            path=f"{API}/contacts/search",
            records="data",
            paging=SEARCH,
            sync=IncrementalWindow(ask=modified, overlap=timedelta(minutes=10)),
            from_beginning=True,
            outputs=(
                Output(
                    CUSTOMER,
                    fields={
                        "customer_id": "id",
                        "organization_id": "accountId",
                        "name": sql("concat_ws(' ', {firstName}, {lastName})"),
                        "email": "email",
                        "created_at": "createdTime",
                        "version_at": "modifiedTime",
                    },
                ),
            ),
        ),
        paged(
            "accounts",
            "Organizations",
            Output(
                ORGANIZATION,
                fields={
                    "organization_id": "id",
                    "name": "accountName",
                    "domain": "website",
                    "country": "country",
                    "created_at": "createdTime",
                    "version_at": "modifiedTime",
                },
            ),
        ),
        full(
            "business_hours",
            "Business hours",
            Output(BUSINESS_SCHEDULE, transform=week),
            path="businessHours",
            replaces=True,
            optional=True,
        ),
        full(
            "holidays",
            "Holiday lists, which close every schedule",
            Output(
                HOLIDAY,
                each="holidays",
                fields={
                    "schedule_id": sql("'*'"),
                    "holiday_id": sql("{id} || '-' || {date}", date=Item("date")),
                    "name": Item("name"),
                    "first_on": Item("date"),
                    "last_on": Item("date"),
                },
            ),
            path="holidayList",
            replaces=True,
            optional=True,
        ),
    ),
)
