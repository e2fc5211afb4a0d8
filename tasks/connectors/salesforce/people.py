"""Salesforce Service Cloud: agents, teams, customers and organizations."""

from tasks.connectors.salesforce.api import changed, full, gone
from tasks.entities import AGENT, CUSTOMER, ORGANIZATION, TEAM, TEAM_MEMBERSHIP
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    changed(
        "users",
        "People who may own cases",
        "User",
        "Id, Name, Email, IsActive, TimeZoneSidKey, CreatedDate, SystemModstamp",
        (
            Output(
                AGENT,
                fields={
                    "agent_id": "Id",
                    "name": "Name",
                    "email": "Email",
                    "is_active": "IsActive",
                    "time_zone": "TimeZoneSidKey",
                    "created_at": "CreatedDate",
                    "version_at": "SystemModstamp",
                },
            ),
        ),
        people=True,
    ),
    changed(
        "accounts",
        "Organizations",
        "Account",
        "Id, Name, Website, BillingCountry, OwnerId, CreatedDate, SystemModstamp, IsDeleted",
        (
            Output(
                ORGANIZATION,
                filter=sql("not cast({IsDeleted} as boolean)"),
                fields={
                    "organization_id": "Id",
                    "name": "Name",
                    "domain": "Website",
                    "country": "BillingCountry",
                    "owner_id": "OwnerId",
                    "created_at": "CreatedDate",
                    "version_at": "SystemModstamp",
                },
            ),
            gone(ORGANIZATION),
        ),
        people=True,
    ),
    changed(
        "contacts",
        "Customers",
        "Contact",
        "Id, Name, Email, AccountId, CreatedDate, SystemModstamp, IsDeleted",
        (
            Output(
                CUSTOMER,
                filter=sql("not cast({IsDeleted} as boolean)"),
                fields={
                    "customer_id": "Id",
                    "organization_id": "AccountId",
                    "name": "Name",
                    "email": "Email",
                    "created_at": "CreatedDate",
                    "version_at": "SystemModstamp",
                },
            ),
            gone(CUSTOMER),
        ),
        people=True,
    ),
    full(
        "queues",
        "Teams",
        "SELECT Id, Name FROM Group WHERE Type = 'Queue'",
        (Output(TEAM, fields={"team_id": "Id", "name": "Name", "is_active": sql("true")}),),
    ),
    full(
        "queue_members",
        "Who belongs to which queue",
        "SELECT Id, GroupId, UserOrGroupId FROM GroupMember",
        (
            Output(
                TEAM_MEMBERSHIP,
                filter=sql("{UserOrGroupId} like '005%'"),
                fields={"agent_id": "UserOrGroupId", "team_id": "GroupId"},
            ),
        ),
        replaces=True,
    ),
)
