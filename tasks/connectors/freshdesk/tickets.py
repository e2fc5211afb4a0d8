"""Freshdesk: tickets and their history."""

from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.freshdesk.api import CHANGES, LIST, full, since
from tasks.connectors.freshdesk.figures import FIGURES
from tasks.connectors.freshdesk.messages import MESSAGES
from tasks.connectors.freshdesk.own_fields import OF_TICKETS
from tasks.connectors.freshdesk.sla import SLA_EVENTS
from tasks.connectors.freshdesk.transforms import statuses
from tasks.entities import TICKET, TICKET_EVENT, TICKET_STATUS
from tasks.rest.paging import EachDay
from tasks.rest.spec import ChildStream, IncrementalWindow, Output, Request, RequestState, Stream
from tasks.rest.values import Present, TopLevelList, WholeBody, sql


def days(window: Window) -> dict[str, str]:
    """The first day whose activities are asked for."""
    return {"created_at": window.start.date().isoformat()}


def last_day(window: Window) -> RequestState:
    """The last day whose activities are asked for."""
    return RequestState(until=window.end.date().isoformat())


def activity(field: str, key: str) -> Output:
    """Activities have no id and may repeat: the key is a hash of what they tell."""
    return Output(
        TICKET_EVENT,
        section="file",
        filter=Present(f"activity.{key}"),
        fields={
            "event_id": sql(
                f"md5(concat_ws('|', {{ticket_id}}, {{performed_at}}, '{field}',"
                f" {{activity.{key}}}))"
            ),
            "ticket_id": "ticket_id",
            "field": sql(f"'{field}'"),
            "to_value": f"activity.{key}",
            "changed_at": sql("strptime({performed_at}, '%d-%m-%Y %H:%M:%S %z')"),
            "actor_id": "performer_id",
        },
    )


STREAMS = (
    Stream(
        name="tickets",
        description="Tickets, their messages and SLA due times",
        path="/api/v2/tickets",
        records=TopLevelList(),
        paging=CHANGES,
        params={"order_by": "updated_at", "order_type": "asc", "include": "stats"},
        sync=since("updated_since"),
        hides_deleted=True,
        child_streams=(
            ChildStream(
                "conversations",
                lambda ids: Request(f"/api/v2/tickets/{ids[0]}/conversations"),
                key="id",
                records=TopLevelList(),
                paging=LIST,
            ),
        ),
        outputs=(
            Output(
                TICKET,
                fields={
                    "ticket_id": "id",
                    "subject": "subject",
                    "status": "status",
                    "priority": "priority",
                    "type": "type",
                    "channel": "source",
                    "requester_id": "requester_id",
                    "organization_id": "company_id",
                    "assignee_id": "responder_id",
                    "team_id": "group_id",
                    "created_at": "created_at",
                    "solved_at": "stats.resolved_at",
                    "closed_at": "stats.closed_at",
                    "version_at": "updated_at",
                },
            ),
            *MESSAGES,
            *SLA_EVENTS,
            FIGURES,
        ),
    ),
    Stream(
        name="activities",
        description="History of status, agent, group and priority, one file a day",
        path="/api/v2/export/ticket_activities",
        records=WholeBody(),
        paging=EachDay("created_at"),
        sync=IncrementalWindow(ask=days, state=last_day, overlap=timedelta(days=2)),
        missing_is_empty=True,
        child_streams=(
            ChildStream(
                "file",
                lambda urls: Request(urls[0], anonymous=True),
                key="export.url",
                records="activities_data",
            ),
        ),
        outputs=(
            activity("status", "status"),
            activity("assignee", "agent_id"),
            activity("team", "group"),
            activity("priority", "priority"),
        ),
    ),
    full(
        "ticket_fields",
        "Labels of statuses; fields of tickets and their values",
        Output(TICKET_STATUS, transform=statuses),
        *OF_TICKETS,
        replaces=True,
        keeps=(TICKET_STATUS,),  # old files name statuses as they were called then
        optional=True,
    ),
)
