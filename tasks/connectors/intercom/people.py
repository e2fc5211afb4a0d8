"""Intercom: agents, teams, customers and organizations."""

from tasks.connectors.intercom.api import PAGES, full, search
from tasks.connectors.intercom.transforms import contact
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.paging import Scroll
from tasks.rest.spec import Output, Stream, Total
from tasks.rest.values import Item, epoch, sql

DAY = 86_400

STREAMS = (
    Stream(
        name="contacts",
        description="Customers; searches look at whole days",
        path="/contacts/search",
        method="POST",
        records="data",
        paging=PAGES,
        sync=search(2 * DAY),
        total=Total("total_count", strict=False),
        from_beginning=True,
        outputs=(Output(CUSTOMER, transform=contact),),
    ),
    full(
        "companies",
        "Organizations",
        Output(
            ORGANIZATION,
            fields={
                "organization_id": "id",
                "name": "name",
                "domain": "website",
                "created_at": epoch("created_at"),
                "version_at": epoch("updated_at"),
            },
        ),
        path="companies/scroll",
        records="data",
        paging=Scroll(at="scroll_param", param="scroll_param"),
    ),
    full(
        "admins",
        "Agents and their teams",
        Output(
            AGENT,
            filter=sql("coalesce({email}, '') not like 'operator+%@intercom.io'"),  # the bot
            fields={
                "agent_id": "id",
                "name": "name",
                "email": "email",
                "role": sql("'admin'"),
                "is_active": "has_inbox_seat",
            },
        ),
        Output(TEAM_MEMBERSHIP, each="team_ids", fields={"agent_id": "id", "team_id": Item()}),
    ),
    full(
        "teams",
        "Teams",
        Output(TEAM, fields={"team_id": "id", "name": "name", "is_active": sql("true")}),
    ),
)
