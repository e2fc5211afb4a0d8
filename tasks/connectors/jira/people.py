"""Jira Service Management: agents, teams, customers and organizations."""

from tasks.connectors.jira.api import full
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM
from tasks.rest.paging import Offset
from tasks.rest.spec import Output
from tasks.rest.values import TopLevelList, sql

STREAMS = (
    full(
        "users",
        "Agents and customers",
        Output(
            AGENT,
            filter=sql("{accountType} is distinct from 'customer'"),
            fields={
                "agent_id": "accountId",
                "name": "displayName",
                "email": "emailAddress",
                "role": sql("case {accountType} when 'app' then 'bot' end"),
                "is_active": "active",
                "time_zone": "timeZone",
            },
        ),
        Output(
            CUSTOMER,
            filter=sql("{accountType} = 'customer'"),
            fields={"customer_id": "accountId", "name": "displayName", "email": "emailAddress"},
        ),
        path="users/search",
        records=TopLevelList(),
        paging=Offset("startAt", "maxResults", 200),
    ),
    full(
        "organizations",
        "Customers' organizations",
        Output(ORGANIZATION, fields={"organization_id": "id", "name": "name"}),
        at="/rest/servicedeskapi",
        path="organization",
        paging=Offset("start", "limit", 50, ends="isLastPage"),
        optional=True,
    ),
    full(
        "projects",
        "Service desks, which stand for teams",
        Output(TEAM, fields={"team_id": "id", "name": "name", "is_active": sql("true")}),
        path="project/search",
    ),
)
