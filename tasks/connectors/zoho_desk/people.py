"""Zoho Desk: agents, teams, customers and organizations."""

from datetime import timedelta
from functools import partial

from tasks.connectors.zoho_desk.api import API, SEARCH, full, instant, modified
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.paging import Offset
from tasks.rest.spec import IncrementalWindow, Output, Stream
from tasks.rest.values import Item, sql

paged = partial(full, paging=Offset("from", "limit", 100))


def changed(name: str, description: str, output: Output) -> Stream:
    """Records by change; the search shows custom fields and countries, and the list does not."""
    return Stream(
        name=name,
        description=description,
        path=f"{API}/{name}/search",
        records="data",
        paging=SEARCH,
        sync=IncrementalWindow(ask=modified, overlap=timedelta(minutes=10)),
        from_beginning=True,
        outputs=(output,),
    )


STREAMS = (
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
        "Departments, which stand for teams",
        Output(TEAM, fields={"team_id": "id", "name": "name", "is_active": "isEnabled"}),
    ),
    changed(
        "contacts",
        "Customers",
        Output(
            CUSTOMER,
            fields={
                "customer_id": "id",
                "organization_id": "accountId",
                "name": sql("concat_ws(' ', {firstName}, {lastName})"),
                "email": "email",
                "created_at": instant("createdTime"),
                "version_at": instant("modifiedTime"),
            },
        ),
    ),
    changed(
        "accounts",
        "Organizations",
        Output(
            ORGANIZATION,
            fields={
                "organization_id": "id",
                "name": "accountName",
                "domain": "website",
                "country": "country",
                "created_at": instant("createdTime"),
                "version_at": instant("modifiedTime"),
            },
        ),
    ),
)
