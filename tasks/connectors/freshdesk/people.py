"""Freshdesk: agents, teams, customers and organizations."""

from tasks.connectors.freshdesk.api import LIST, full, since
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.spec import ChildStream, Output, Request, Stream
from tasks.rest.values import Item, TopLevelList, WholeBody, sql


def people(name: str, description: str, output: Output) -> Stream:
    """Customers or organizations by change, from the beginning."""
    return Stream(
        name=name,
        description=description,
        path=f"/api/v2/{name}",
        records=TopLevelList(),
        paging=LIST,
        sync=since("updated_since"),
        from_beginning=True,
        outputs=(output,),
    )


STREAMS = (
    full(
        "agents",
        "Agents; who is no longer listed has left",
        Output(
            AGENT,
            fields={
                "agent_id": "id",
                "name": "contact.name",
                "email": "contact.email",
                "role": sql("'agent'"),
                "is_active": sql("true"),  # contact.active: the invitation was confirmed
                "time_zone": "contact.time_zone",
                "created_at": "created_at",
                "version_at": "updated_at",
            },
        ),
        paging=LIST,
        replaces=True,
    ),
    full(
        "groups",
        "Teams and their members",
        Output(
            TEAM,
            fields={
                "team_id": "id",
                "name": "name",
                "is_active": sql("true"),
                "schedule_id": "business_hour_id",
                "version_at": "updated_at",
            },
        ),
        Output(
            TEAM_MEMBERSHIP,
            section="group",
            each="agent_ids",
            fields={"agent_id": Item(), "team_id": "id"},
        ),
        paging=LIST,
        replaces=True,
        child_streams=(  # the list has no members
            ChildStream(
                "group",
                lambda ids: Request(f"/api/v2/groups/{ids[0]}"),
                key="id",
                records=WholeBody(),
            ),
        ),
    ),
    people(
        "contacts",
        "Customers",
        Output(
            CUSTOMER,
            fields={
                "customer_id": "id",
                "organization_id": "company_id",
                "name": "name",
                "email": "email",
                "created_at": "created_at",
                "version_at": "updated_at",
            },
        ),
    ),
    people(
        "companies",
        "Organizations",
        Output(
            ORGANIZATION,
            fields={
                "organization_id": "id",
                "name": "name",
                "domain": sql("cast({domains} as varchar[])[1]"),
                "created_at": "created_at",
                "version_at": "updated_at",
            },
        ),
    ),
)
