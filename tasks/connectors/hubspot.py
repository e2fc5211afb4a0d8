"""HubSpot CRM: tickets, contacts, companies, owners, feedback.

Facts: developers.hubspot.com/docs/api/crm. Search gives what changed, sorted and paged by id, so
neither the cap of 10,000 results nor many records with one timestamp can stop or loop it
(airbytehq/airbyte#10700, #43317); batch/read then gives each ticket's property history, which
search does not. Every value is text; SLA targets, business hours and holidays are not exposed, only
due times.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from tasks.clock import Window
from tasks.entities import (
    AGENT,
    CONTRACT,
    CUSTOMER,
    MESSAGE,
    ORGANIZATION,
    SURVEY_RESPONSE,
    TEAM,
    TEAM_MEMBERSHIP,
    TICKET,
    TICKET_EVENT,
    TICKET_LINK,
    TICKET_STATUS,
    TOMBSTONE,
    Entity,
)
from tasks.rest.auth import Bearer, OAuth2, OneOf
from tasks.rest.paging import CursorParam, SearchAfterId, SinglePage
from tasks.rest.shapes import due_clock
from tasks.rest.spec import (
    ChildStream,
    Connector,
    FullRefresh,
    IncrementalWindow,
    Limits,
    Output,
    Request,
    Stream,
    Total,
)
from tasks.rest.values import Item, Partition, sql

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
)
HISTORY = ("hs_pipeline_stage", "hubspot_owner_id", "hubspot_team_id", "hs_ticket_priority")
FEEDBACK = (
    "hs_survey_type",
    "hs_survey_id",
    "hs_value",
    "hs_submission_timestamp",
    "hs_ticket_id",
    "hs_contact_id",
    "hs_content",
    "hs_lastmodifieddate",
)
DEALS = (
    "dealstage",
    "closedate",
    "amount",
    "hs_arr",
    "deal_currency_code",
    "hs_is_closed_won",
    "hs_primary_associated_company",
    "recurring_revenue_inactive_date",
    "recurring_revenue_inactive_reason",
    "hs_lastmodifieddate",
)
DELETED = {"tickets": TICKET, "contacts": CUSTOMER, "companies": ORGANIZATION, "deals": CONTRACT}
WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
sla = partial(
    due_clock,
    created="properties.createdate",
    changed="properties.hs_lastmodifieddate",
    section="details",
)
lists = CursorParam(at="paging.next.after", param="after", size={"limit": "100"})


def above(body: Mapping[str, Any], last_id: str) -> dict[str, Any]:
    filters = body["filterGroups"][0]["filters"]
    return {
        **body,
        "filterGroups": [{"filters": [*filters[:-1], {**filters[-1], "value": last_id}]}],
    }


def changed(time_property: str, properties: tuple[str, ...]) -> IncrementalWindow:
    """Search for what changed in the window.

    Search lags writes, so the overlap is long (estuary/connectors#1743).
    """

    def body(window: Window, settings: Mapping[str, Any]) -> dict[str, Any]:
        def at(name: str, operator: str, value: str) -> dict[str, str]:
            return {"propertyName": name, "operator": operator, "value": value}

        low, high = (str(int(i.timestamp() * 1000)) for i in (window.start, window.end))
        return {
            "filterGroups": [
                {
                    "filters": [
                        at(time_property, "GTE", low),
                        at(time_property, "LT", high),
                        at("hs_object_id", "GT", "0"),
                    ]
                }
            ],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": 200,
        }

    return IncrementalWindow(body=body, overlap=timedelta(minutes=10))


def read_by_ids(path: str, extra: Mapping[str, Any]) -> Callable[[tuple[str, ...]], Request]:
    return lambda ids: Request(
        path, method="POST", body={**extra, "inputs": [{"id": i} for i in ids]}
    )


def search(
    name: str,
    description: str,
    time_property: str,
    properties: tuple[str, ...],
    outputs: tuple[Output, ...],
    *,
    people: bool = False,
) -> Stream:
    return Stream(
        name=name,
        description=description,
        path=f"/crm/v3/objects/{name}/search",
        method="POST",
        records="results",
        outputs=outputs,
        paging=SearchAfterId(id_path="id", above=above),
        sync=changed(time_property, properties),
        total=Total("total", strict=False),
        requests_per_minute=300,
        from_beginning=people,
        optional=name in {"feedback_submissions", "deals"},
    )


def history(field: str, name: str) -> Output:
    """A property's history, newest first; the value before is not told."""
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
    return Output(
        TICKET_LINK,
        section=section,
        each="to",
        fields={"ticket_id": "from.id", "kind": sql(f"'{kind}'"), "linked_id": Item("toObjectId")},
    )


def deleted(name: str, entity: Entity) -> Stream:
    return Stream(
        name=f"archived_{name}",
        description=f"Deleted {name}, as far back as the recycle bin reaches",
        path=f"/crm/v3/objects/{name}",
        params={"archived": "true"},
        records="results",
        paging=lists,
        sync=FullRefresh(replaces=False),
        optional=True,
        outputs=(
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql(f"'{entity.name}'"),
                    "record_id": "id",
                    "deleted_at": "archivedAt",
                    "version_at": "archivedAt",
                },
            ),
        ),
    )


def owners(archived: str) -> Stream:
    name = "former_owners" if archived == "true" else "owners"
    return Stream(
        name=name,
        description=(
            "Former agents, so that history resolves"
            if archived == "true"
            else "Agents and their teams"
        ),
        path="/crm/v3/owners",
        params={"archived": archived},
        records="results",
        paging=lists,
        sync=FullRefresh(replaces=False),
        outputs=(
            Output(
                AGENT,
                fields={
                    "agent_id": "id",
                    "login": sql("'A-' || cast({userIdIncludingInactive} as varchar)"),
                    "name": sql("concat_ws(' ', {firstName}, {lastName})"),
                    "email": "email",
                    "role": sql("lower({type})"),
                    "is_active": sql("not coalesce(cast({archived} as boolean), false)"),
                    "created_at": "createdAt",
                    "version_at": "updatedAt",
                },
            ),
            Output(
                TEAM,
                each="teams",
                fields={"team_id": Item("id"), "name": Item("name"), "is_active": sql("true")},
            ),
            Output(
                TEAM_MEMBERSHIP,
                each="teams",
                fields={"agent_id": "id", "team_id": Item("id"), "is_default": Item("primary")},
            ),
        ),
    )


def wait(headers: Mapping[str, str], body: bytes) -> float | None:
    return next((seconds for name, seconds in WAITS.items() if f'"{name}"'.encode() in body), None)


connector = Connector(
    name="hubspot",
    title="HubSpot",
    docs="https://developers.hubspot.com/docs/api/overview",
    api_version="v3",
    base_url="https://api.hubapi.com",
    auth=OneOf(
        (
            Bearer("access_token"),
            OAuth2(
                "/oauth/v1/token", "refresh_token", ("client_id", "client_secret", "refresh_token")
            ),
        )
    ),
    check=Request("/crm/v3/objects/tickets", {"limit": "1"}),
    limits=Limits(
        requests_per_minute=600,
        wait=wait,
        spent=lambda status, headers, body: status == 429 and b'"DAILY"' in body,
        retry_statuses=frozenset({408, 423, 429, 477, 500, 502, 503, 504, 521, 522, 523, 524}),
    ),
    unsupported=(
        "opening hours",
        "holidays",
        "SLA targets (due times are)",
        "which ticket a merge went into",
    ),
    streams=(
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
            child_streams=(
                ChildStream(
                    "details",
                    read_by_ids(
                        "/crm/v3/objects/tickets/batch/read",
                        {
                            "properties": list(TICKET_PROPERTIES),
                            "propertiesWithHistory": list(HISTORY),
                        },
                    ),
                    key="id",
                    records="results",
                    chunk=50,
                ),
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
                    lambda ids: Request(
                        "/conversations/v3/conversations/threads", {"associatedTicketId": ids[0]}
                    ),
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
                            "try_cast({properties.time_to_first_agent_reply} as double) / 60000"
                        ),
                        "vendor_full_resolution_minutes": sql(
                            "try_cast({properties.time_to_close} as double) / 60000"
                        ),
                        "version_at": "properties.hs_lastmodifieddate",
                    },
                ),
                Output(
                    TOMBSTONE,
                    section="details",
                    filter=sql("{properties.hs_merged_object_ids} <> ''"),
                    fields={
                        "entity": sql("'ticket'"),
                        "record_id": sql(
                            "unnest(string_split({properties.hs_merged_object_ids}, ';'))"
                        ),
                        "deleted_at": "properties.hs_lastmodifieddate",
                        "version_at": "properties.hs_lastmodifieddate",
                    },
                ),
                history("status", "hs_pipeline_stage"),
                history("assignee", "hubspot_owner_id"),
                history("team", "hubspot_team_id"),
                history("priority", "hs_ticket_priority"),
                linked("contacts", "customer"),
                linked("companies", "organization"),
                Output(
                    MESSAGE,
                    section="messages",
                    filter=sql("{type} in ('MESSAGE', 'COMMENT', 'WELCOME_MESSAGE')"),
                    fields={
                        "message_id": "id",
                        "ticket_id": Partition(),
                        "sent_at": "createdAt",
                        "author_id": "createdBy",
                        "author_role": sql(
                            "case when {direction} = 'OUTGOING' and {createdBy} like 'E-%' then"
                            " 'agent' else case left({createdBy}, 2) when 'A-' then 'agent' when"
                            " 'B-' then 'bot' when 'S-' then 'system' else 'customer' end end"
                        ),
                        "is_public": sql("{type} <> 'COMMENT'"),
                        "body": "text",
                        "sequence": sql("epoch_ms(try_cast({createdAt} as timestamptz))"),
                    },
                ),
                *sla("resolution", "properties.hs_time_to_close_sla_at", "properties.closed_date"),
                *sla(
                    "first_response",
                    "properties.hs_time_to_first_response_sla_at",
                    "properties.first_agent_reply_date",
                ),
            ),
        ),
        search(
            "contacts",
            "Customers",
            "lastmodifieddate",
            (
                "firstname",
                "lastname",
                "email",
                "associatedcompanyid",
                "createdate",
                "lastmodifieddate",
            ),
            (
                Output(
                    CUSTOMER,
                    fields={
                        "customer_id": "id",
                        "organization_id": "properties.associatedcompanyid",
                        "email": "properties.email",
                        "name": sql(
                            "concat_ws(' ', {properties.firstname}, {properties.lastname})"
                        ),
                        "created_at": "createdAt",
                        "version_at": "updatedAt",
                    },
                ),
            ),
            people=True,
        ),
        search(
            "companies",
            "Organizations",
            "hs_lastmodifieddate",
            ("name", "domain", "country", "hubspot_owner_id", "createdate", "hs_lastmodifieddate"),
            (
                Output(
                    ORGANIZATION,
                    fields={
                        "organization_id": "id",
                        "name": "properties.name",
                        "domain": "properties.domain",
                        "country": "properties.country",
                        "owner_id": "properties.hubspot_owner_id",
                        "created_at": "createdAt",
                        "version_at": "updatedAt",
                    },
                ),
            ),
            people=True,
        ),
        search(
            "feedback_submissions",
            "CSAT, NPS and CES answers",
            "hs_lastmodifieddate",
            FEEDBACK,
            (
                Output(
                    SURVEY_RESPONSE,
                    filter=sql("{properties.hs_survey_type} in ('CSAT', 'NPS', 'CES')"),
                    fields={
                        "response_id": "id",
                        "survey_id": "properties.hs_survey_id",
                        "metric": sql("lower({properties.hs_survey_type})"),
                        "score": "properties.hs_value",
                        "better": sql("'higher'"),
                        "scale_min": sql(
                            "case {properties.hs_survey_type} when 'NPS' then 0 else 1 end"
                        ),
                        "scale_max": sql(
                            "case {properties.hs_survey_type} when 'NPS' then 10 when 'CES' then 7"
                            " else 5 end"
                        ),
                        "ticket_id": "properties.hs_ticket_id",
                        "customer_id": "properties.hs_contact_id",
                        "responded_at": "properties.hs_submission_timestamp",
                        "comment": "properties.hs_content",
                        "version_at": "properties.hs_lastmodifieddate",
                    },
                ),
            ),
        ),
        search(
            "deals",
            "Deals won: revenue, and when it ended",
            "hs_lastmodifieddate",
            DEALS,
            (
                Output(
                    CONTRACT,
                    filter=sql(
                        "{properties.hs_is_closed_won} = 'true' and"
                        " {properties.hs_primary_associated_company} <> ''"
                    ),
                    fields={
                        "contract_id": "id",
                        "organization_id": "properties.hs_primary_associated_company",
                        "stage": "properties.dealstage",
                        "starts_on": sql("left({properties.closedate}, 10)"),
                        "ends_on": sql(
                            "left(nullif({properties.recurring_revenue_inactive_date}, ''), 10)"
                        ),
                        "churned_on": sql(
                            "case when lower({properties.recurring_revenue_inactive_reason}) in"
                            " ('churned', 'lost') then"
                            " left(nullif({properties.recurring_revenue_inactive_date}, ''),"
                            " 10) end"
                        ),
                        "yearly_amount": sql(
                            "coalesce(nullif({properties.hs_arr}, ''), nullif({properties.amount},"
                            " ''))"
                        ),
                        "currency": "properties.deal_currency_code",
                        "version_at": "updatedAt",
                    },
                ),
                Output(
                    TOMBSTONE,
                    filter=sql("{properties.hs_is_closed_won} is distinct from 'true'"),
                    fields={  # won by mistake, and opened again
                        "entity": sql("'contract'"),
                        "record_id": "id",
                        "deleted_at": "updatedAt",
                        "version_at": "updatedAt",
                    },
                ),
            ),
            people=True,
        ),
        owners("false"),
        owners("true"),
        *(deleted(name, entity) for name, entity in DELETED.items()),
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
                        "category": sql(
                            "case when upper({state}) = 'CLOSED' then 'closed' end",
                            state=Item("metadata.ticketState"),
                        ),
                    },
                ),
            ),
        ),
    ),
)
