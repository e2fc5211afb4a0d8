"""Jira Service Management: agents, teams, customers and organizations."""

from tasks.connectors.jira.api import full
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM
from tasks.rest.paging import Offset, SinglePage
from tasks.rest.spec import ChildStream, Output, Request
from tasks.rest.values import TopLevelList, sql

STREAMS = (
    full(
        "users",
        "People, and apps, which are bots",
        Output(
            AGENT,
            filter=sql("{accountType} = 'app'"),
            fields={
                "agent_id": "accountId",
                "name": "displayName",
                "role": sql("'bot'"),
                "is_active": "active",
            },
        ),
        Output(
            CUSTOMER,
            filter=sql("{accountType} is distinct from 'app'"),
            fields={"customer_id": "accountId", "name": "displayName", "email": "emailAddress"},
        ),
        path="users/search",
        records=TopLevelList(),
        paging=Offset("startAt", "maxResults", 200),
    ),
    full(
        "agents",
        "Who has a licence for Jira Service Management: the members of its groups",
        Output(
            AGENT,
            section="members",
            filter=sql("{accountType} is distinct from 'app'"),
            fields={
                "agent_id": "accountId",
                "name": "displayName",
                "email": "emailAddress",
                "role": sql("'agent'"),
                "is_active": "active",
                "time_zone": "timeZone",
            },
        ),
        path="applicationrole/jira-servicedesk",
        records="groupDetails",
        paging=SinglePage(),
        replaces=True,
        optional=True,
        child_streams=(
            ChildStream(
                "members",
                lambda ids: Request(
                    "/rest/api/3/group/member",
                    {"groupId": ids[0], "includeInactiveUsers": "true"},
                ),
                key="groupId",
                records="values",
                paging=Offset("startAt", "maxResults", 50, ends="isLast"),
            ),
        ),
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
