"""HubSpot: agents, teams, customers and organizations."""

from tasks.connectors.hubspot.api import lists, merged, search
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.spec import FullRefresh, Output, Stream
from tasks.rest.values import Item, sql

CONTACT_PROPERTIES = (
    "firstname",
    "lastname",
    "email",
    "associatedcompanyid",
    "createdate",
    "lastmodifieddate",
    "hs_merged_object_ids",
)
COMPANY_PROPERTIES = (
    "name",
    "domain",
    "country",
    "hubspot_owner_id",
    "createdate",
    "hs_lastmodifieddate",
    "hs_merged_object_ids",
)


def owners(archived: str) -> Stream:
    """Agents of today, or former ones so that history resolves."""
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
                    "login": sql(
                        "'A-' || coalesce(cast({userIdIncludingInactive} as varchar),"
                        " cast({userId} as varchar))"
                    ),
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


STREAMS = (
    search(
        "contacts",
        "Customers",
        "lastmodifieddate",
        CONTACT_PROPERTIES,
        (
            Output(
                CUSTOMER,
                fields={
                    "customer_id": "id",
                    "organization_id": "properties.associatedcompanyid",
                    "email": "properties.email",
                    "name": sql("concat_ws(' ', {properties.firstname}, {properties.lastname})"),
                    "created_at": "createdAt",
                    "version_at": "updatedAt",
                },
            ),
            merged(CUSTOMER, "updatedAt"),
        ),
        people=True,
    ),
    search(
        "companies",
        "Organizations",
        "hs_lastmodifieddate",
        COMPANY_PROPERTIES,
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
            merged(ORGANIZATION, "updatedAt"),
        ),
        people=True,
    ),
    owners("false"),
    owners("true"),
)
