"""Intercom: agents, teams, customers and organizations."""

from tasks.connectors.intercom.api import PAGES, full, search
from tasks.connectors.intercom.transforms import contact, team
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP, TOMBSTONE
from tasks.rest.paging import Scroll
from tasks.rest.spec import Output, Stream, Total
from tasks.rest.values import Item, epoch, sql

DAY = 86_400

MERGED_AT = sql(
    "to_timestamp(cast(coalesce({merged}, {changed}) as double))",
    merged=Item("merged_at"),
    changed="updated_at",
)

STREAMS = (
    Stream(
        name="contacts",
        description="Customers, and who was merged into them; searches look at whole days",
        path="/contacts/search",
        method="POST",
        records="data",
        params={"include_merge_history": "true"},
        paging=PAGES,
        sync=search(2 * DAY),
        total=Total("total_count", strict=False),
        from_beginning=True,
        outputs=(
            Output(CUSTOMER, transform=contact),
            Output(
                TOMBSTONE,
                each="merge_history",
                fields={
                    "entity": sql("'customer'"),
                    "record_id": Item("source_contact_id"),
                    "deleted_at": MERGED_AT,
                    "version_at": MERGED_AT,
                },
            ),
        ),
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
