"""Intercom: agents, teams, customers and organizations."""

from tasks.connectors.intercom.api import PAGES, full, search
from tasks.connectors.intercom.transforms import contact, team
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
        "Agents and their teams; who is no longer listed has left",
        Output(
            AGENT,
            filter=sql("coalesce({email}, '') not like 'operator+%@intercom.io'"),  # the bot
            fields={
                "agent_id": "id",
                "name": "name",
                "email": "email",
                "role": sql("'admin'"),
                "is_active": sql("true"),  # has_inbox_seat is false for people who write
            },
        ),
        Output(TEAM_MEMBERSHIP, each="team_ids", fields={"agent_id": "id", "team_id": Item()}),
        replaces=True,
    ),
    full(
        "teams",
        "Teams and their members",
        Output(TEAM, transform=team),
        *(
            Output(TEAM_MEMBERSHIP, each=members, fields={"agent_id": Item(), "team_id": "id"})
            for members in (
                "admin_ids",
                "admin_priority_level.primary_admin_ids",
                "admin_priority_level.secondary_admin_ids",
            )
        ),
        replaces=True,
    ),
)
