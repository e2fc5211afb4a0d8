"""HubSpot: tickets and their history."""

from collections.abc import Callable, Mapping, Sequence

from tasks.connectors.hubspot.api import above, changed, lists, merged
from tasks.connectors.hubspot.figures import FIGURES, PROPERTIES
from tasks.connectors.hubspot.messages import MESSAGES
from tasks.connectors.hubspot.sla import SLA_EVENTS
from tasks.entities import TICKET, TICKET_EVENT, TICKET_LINK, TICKET_STATUS
from tasks.rest.paging import SearchAfterId, SinglePage
from tasks.rest.spec import ChildStream, FullRefresh, Json, Output, Request, Stream, Total
from tasks.rest.values import Item, sql

TICKET_PROPERTIES = (
    "subject",
    "hs_pipeline_stage",
    "hs_ticket_priority",
    "hs_ticket_category",
    "source_type",
    "hubspot_owner_id",
    "hubspot_team_id",
    "createdate",
    "closed_date",
    "hs_lastmodifieddate",
    "first_agent_reply_date",
    "time_to_first_agent_reply",
    "time_to_close",
    "hs_merged_object_ids",
    "hs_time_to_close_sla_at",
    "hs_time_to_first_response_sla_at",
    *PROPERTIES,
)

HISTORY = ("hs_pipeline_stage", "hubspot_owner_id", "hubspot_team_id", "hs_ticket_priority")


def read_by_ids(path: str, extra: Mapping[str, Json]) -> Callable[[tuple[str, ...]], Request]:
    """Calls that read many records by id."""
    return lambda ids: Request(
        path, method="POST", body={**extra, "inputs": [{"id": i} for i in ids]}
    )


def details(more: Sequence[str] = ()) -> ChildStream:
    """Properties of tickets, some with their history; `more` are properties next to the usual."""
    properties = list(dict.fromkeys((*TICKET_PROPERTIES, *more)))
    return ChildStream(
        "details",
        read_by_ids(
            "/crm/v3/objects/tickets/batch/read",
            {"properties": properties, "propertiesWithHistory": [*HISTORY, *more]},
        ),
        key="id",
        records="results",
        chunk=50,
    )


def threads_of(ticket: str) -> Request:
    """The conversations of a ticket; each says which ticket it belongs to."""
    return Request(
        "/conversations/v3/conversations/threads",
        {"associatedTicketId": ticket, "association": "TICKET"},
    )


def history(field: str, name: str) -> Output:
    """A property's history, newest first; the value before a change is missing."""
    return Output(
        TICKET_EVENT,
        section="details",
        each=f"propertiesWithHistory.{name}",
        fields={
            "event_id": sql(
                f"cast({{id}} as varchar) || '-{field}-' || {{at}}", at=Item("timestamp")
            ),
            "ticket_id": "id",
            "field": sql(f"'{field}'"),
            "to_value": sql("nullif({value}, '')", value=Item("value")),
            "changed_at": Item("timestamp"),
            "actor_id": sql("'A-' || cast({user} as varchar)", user=Item("updatedByUserId")),
            "sequence": sql("epoch_ms(try_cast({at} as timestamptz))", at=Item("timestamp")),
        },
    )


def linked(section: str, kind: str) -> Output:
    """Links of a ticket to its contacts or companies."""
    return Output(
        TICKET_LINK,
        section=section,
        each="to",
        fields={"ticket_id": "from.id", "kind": sql(f"'{kind}'"), "linked_id": Item("toObjectId")},
    )


STREAMS = (
    Stream(
        name="tickets",
        description="Tickets with history, messages, links and SLA due times",
        path="/crm/v3/objects/tickets/search",
        method="POST",
        records="results",
        paging=SearchAfterId(id_path="id", above=above),
        requests_per_minute=300,
        sync=changed("hs_lastmodifieddate", ("hs_object_id",)),
        total=Total("total", strict=False),
        hides_deleted=True,
        child_streams=(
            details(),
            ChildStream(
                "contacts",
                read_by_ids("/crm/v4/associations/tickets/contacts/batch/read", {}),
                key="id",
                records="results",
                chunk=500,
            ),
            ChildStream(
                "companies",
                read_by_ids("/crm/v4/associations/tickets/companies/batch/read", {}),
                key="id",
                records="results",
                chunk=500,
            ),
            ChildStream(
                "threads",
                lambda ids: threads_of(ids[0]),
                key="id",
                records="results",
                paging=lists,
                child_streams=(
                    ChildStream(
                        "messages",
                        lambda ids: Request(
                            f"/conversations/v3/conversations/threads/{ids[0]}/messages"
                        ),
                        key="id",
                        records="results",
                        paging=lists,
                    ),
                ),
            ),
        ),
        outputs=(
            Output(
                TICKET,
                section="details",
                fields={
                    "ticket_id": "id",
                    "subject": "properties.subject",
                    "status": "properties.hs_pipeline_stage",
                    "priority": "properties.hs_ticket_priority",
                    "type": "properties.hs_ticket_category",
                    "channel": "properties.source_type",
                    "assignee_id": sql("nullif({properties.hubspot_owner_id}, '')"),
                    "team_id": sql("nullif({properties.hubspot_team_id}, '')"),
                    "created_at": "properties.createdate",
                    "closed_at": "properties.closed_date",
                    "vendor_first_reply_minutes": sql(
                        "cast(nullif({properties.time_to_first_agent_reply}, '') as double) / 60000"
                    ),
                    "vendor_full_resolution_minutes": sql(
                        "cast(nullif({properties.time_to_close}, '') as double) / 60000"
                    ),
                    "version_at": "properties.hs_lastmodifieddate",
                },
            ),
            merged(TICKET, "properties.hs_lastmodifieddate", section="details"),
            history("status", "hs_pipeline_stage"),
            history("assignee", "hubspot_owner_id"),
            history("team", "hubspot_team_id"),
            history("priority", "hs_ticket_priority"),
            linked("contacts", "customer"),
            linked("companies", "organization"),
            *MESSAGES,
            *SLA_EVENTS,
            FIGURES,
        ),
    ),
    Stream(
        name="pipelines",
        description="Stages of the ticket pipelines",
        path="/crm/v3/pipelines/tickets",
        records="results",
        paging=SinglePage(),
        sync=FullRefresh(replaces=False),
        outputs=(
            Output(
                TICKET_STATUS,
                each="stages",
                fields={
                    "status_id": Item("id"),
                    "label": Item("label"),
                    "category": sql(  # a last stage that is open is not what its number says
                        """
                        case
                            when upper({state}) = 'CLOSED' then 'closed'
                            when upper({state}) = 'OPEN' and {stage} = '4' then 'other'
                        end""",
                        state=Item("metadata.ticketState"),
                        stage=Item("id"),
                    ),
                },
            ),
        ),
    ),
)
