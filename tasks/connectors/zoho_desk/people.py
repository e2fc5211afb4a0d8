"""Zoho Desk: agents, teams, customers and organizations."""

from datetime import timedelta
from functools import partial

from tasks.connectors.zoho_desk.api import API, SEARCH, full, modified
from tasks.connectors.zoho_desk.transforms import targets
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, SLA_POLICY, TEAM, TEAM_MEMBERSHIP
from tasks.rest.paging import Offset
from tasks.rest.spec import ChildStream, IncrementalWindow, Output, Request, Stream
from tasks.rest.values import Item, sql

paged = partial(full, paging=Offset("from", "limit", 100))

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
)
