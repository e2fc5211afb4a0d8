"""Front: agents, teams, customers and organizations."""

from tasks.connectors.front.api import HUNDREDS, full
from tasks.connectors.front.transforms import members
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.spec import Output
from tasks.rest.values import Item, epoch, sql

STREAMS = (
    full(
        "teammates",
        "Agents, and bots that write like them",
        Output(
            AGENT,
            fields={
                "agent_id": "id",
                "login": "username",
                "name": sql("concat_ws(' ', {first_name}, {last_name})"),
                "email": "email",
                "is_active": sql("not cast({is_blocked} as boolean)"),
                "role": sql("case when {type} = 'user' then 'user' else {type} || ' bot' end"),
            },
        ),
    ),
    full(
        "teams",
        "Inboxes, which stand for teams, and who works in them",
        Output(
            TEAM,
            each="inboxes",
            fields={"team_id": Item("id"), "name": Item("name"), "is_active": sql("true")},
        ),
        Output(TEAM_MEMBERSHIP, transform=members),
    ),
    full(
        "contacts",
        "Customers",
        Output(CUSTOMER, fields={"customer_id": "id", "name": "name"}),
        paging=HUNDREDS,
    ),
    full(
        "accounts",
        "Organizations",
        Output(
            ORGANIZATION,
            fields={
                "organization_id": "id",
                "name": "name",
                "domain": sql("cast({domains} as varchar[])[1]"),
                "created_at": epoch("created_at"),
                "version_at": epoch("updated_at"),
            },
        ),
        paging=HUNDREDS,
        optional=True,
    ),
)
