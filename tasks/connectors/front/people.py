"""Front: agents, teams, customers and organizations."""

from tasks.connectors.front.api import HUNDREDS, full
from tasks.connectors.front.transforms import members
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.spec import ChildStream, Output, Request
from tasks.rest.values import Item, WholeBody, epoch, sql

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
        "inboxes",
        "Inboxes that are not one teammate's own; they stand for teams",
        Output(
            TEAM,
            filter=sql("not coalesce(cast({is_private} as boolean), false)"),
            fields={"team_id": "id", "name": "name", "is_active": sql("true")},
        ),
        optional=True,
    ),
    full(
        "teams",
        "Workspaces: their inboxes, and who works in them",
        Output(
            TEAM,
            section="team",
            each="inboxes",
            fields={"team_id": Item("id"), "name": Item("name"), "is_active": sql("true")},
        ),
        Output(TEAM_MEMBERSHIP, section="team", transform=members),
        child_streams=(
            ChildStream(  # the list has names only
                "team",
                lambda ids: Request(f"/teams/{ids[0]}"),
                key="id",
                records=WholeBody(),
            ),
        ),
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
