"""Zoho Desk: tickets and their history."""

from datetime import timedelta

from tasks.connectors.zoho_desk.api import API, SEARCH, instant, modified
from tasks.connectors.zoho_desk.messages import MESSAGES
from tasks.connectors.zoho_desk.sla import SLA_EVENTS
from tasks.connectors.zoho_desk.time_entries import TIME_ENTRIES
from tasks.connectors.zoho_desk.transforms import VALUE, changed_value
from tasks.entities import TICKET, TICKET_EVENT, TICKET_STATUS, TOMBSTONE
from tasks.rest.paging import Offset
from tasks.rest.spec import ChildStream, IncrementalWindow, Output, Request, Stream
from tasks.rest.values import Item, Partition, sql

FIELDS = {
    "Status": "status",
    "Case Owner": "assignee",
    "Department": "team",
    "Priority": "priority",
}
CATEGORY = """
    case {statusType}
        when 'Open' then 'open'
        when 'On Hold' then 'hold'
        when 'Closed' then 'closed'
    end"""  # the vendor's own category, whatever the label

GONE = " or ".join(
    f"lower(coalesce(cast({{{flag}}} as varchar), 'false')) = 'true'"
    for flag in ("isTrashed", "isDeleted", "isSpam")
)


def change(name: str, field: str) -> Output:
    """Changes of one field from the history.

    A merge stamps every property of the ticket that is left once more, though none has changed.
    """
    return Output(
        TICKET_EVENT,
        section="history",
        each="eventInfo",
        filter=sql(
            f"{{name}} = '{name}' and {{eventName}} is distinct from 'TicketMergedMaster'",
            name=Item("propertyName"),
        ),
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
            "from_value": changed_value("previousValue"),
            "to_value": changed_value("updatedValue"),
            "changed_at": instant("eventTime"),
            "actor_id": "actor.id",
        },
    )


def below(name: str, path: str, size: int, count: str = "") -> ChildStream:
    """A list that belongs to a ticket, not asked for where the ticket's `count` of it is 0."""
    return ChildStream(
        name,
        lambda ids: Request(f"{API}/tickets/{ids[0]}/{path}"),
        key="id",
        records="data",
        paging=Offset("from", "limit", size),
        filter=(lambda number: str(number) != "0") if count else None,
        filter_at=count,
    )


STREAMS = (
    Stream(
        name="tickets",
        description="Tickets with history, threads, comments and time",
        path=f"{API}/tickets/search",
        records="data",
        paging=SEARCH,
        sync=IncrementalWindow(ask=modified, overlap=timedelta(minutes=10)),
        child_streams=(
            below("history", "History", 50),
            below("threads", "threads", 200, "threadCount"),
            below("comments", "comments", 100, "commentCount"),
            below("time", "timeEntry", 100),
        ),
        outputs=(
            Output(
                TOMBSTONE,
                filter=sql(GONE),
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "id",
                    "deleted_at": instant("modifiedTime"),
                    "version_at": instant("modifiedTime"),
                },
            ),
            Output(
                TICKET,
                filter=sql(f"not ({GONE})"),
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
                    "created_at": instant("createdTime"),
                    "closed_at": instant("closedTime"),
                    "version_at": instant("modifiedTime"),
                },
            ),
            Output(
                TICKET_STATUS,
                fields={
                    "status_id": "status",
                    "label": "status",
                    "category": sql(CATEGORY),
                },
            ),
            *(change(name, field) for name, field in FIELDS.items()),
            *SLA_EVENTS,
            *MESSAGES,
            *TIME_ENTRIES,
        ),
    ),
)
