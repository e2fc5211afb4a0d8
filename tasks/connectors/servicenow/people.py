"""ServiceNow: agents, teams, customers and organizations."""

from tasks.connectors.servicenow.api import table
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.spec import Output

STREAMS = (
    table(
        "users",
        "Agents and callers",
        "sys_user",
        "sys_id,user_name,name,email,active,time_zone,company,sys_created_on,sys_updated_on",
        (
            Output(
                AGENT,
                fields={
                    "agent_id": "sys_id",
                    "login": "user_name",
                    "name": "name",
                    "email": "email",
                    "is_active": "active",
                    "time_zone": "time_zone",
                    "created_at": "sys_created_on",
                    "version_at": "sys_updated_on",
                },
            ),
            Output(
                CUSTOMER,
                fields={
                    "customer_id": "sys_id",
                    "organization_id": "company",
                    "name": "name",
                    "email": "email",
                    "login": "user_name",
                    "created_at": "sys_created_on",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        people=True,
    ),
    table(
        "groups",
        "Assignment groups",
        "sys_user_group",
        "sys_id,name,active,sys_updated_on",
        (
            Output(
                TEAM,
                fields={
                    "team_id": "sys_id",
                    "name": "name",
                    "is_active": "active",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        full=True,
    ),
    table(
        "memberships",
        "Who belongs to which group",
        "sys_user_grmember",
        "sys_id,user,group,sys_updated_on",
        (
            Output(
                TEAM_MEMBERSHIP,
                fields={"agent_id": "user", "team_id": "group", "version_at": "sys_updated_on"},
            ),
        ),
        full=True,
        replaces=True,
    ),
    table(
        "accounts",
        "Customer accounts",
        "customer_account",
        "sys_id,name,website,country,sys_created_on,sys_updated_on",
        (
            Output(
                ORGANIZATION,
                fields={
                    "organization_id": "sys_id",
                    "name": "name",
                    "domain": "website",
                    "country": "country",
                    "created_at": "sys_created_on",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        people=True,
        optional=True,
    ),
)
