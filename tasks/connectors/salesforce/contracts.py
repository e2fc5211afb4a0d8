"""Salesforce Service Cloud: contracts and their value."""

from tasks.connectors.salesforce.api import changed, gone
from tasks.entities import CONTRACT
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    changed(
        "contracts",
        "Contracts of organizations; amounts are not in the standard object",
        "Contract",
        "Id, AccountId, Status, StartDate, EndDate, SystemModstamp, IsDeleted",
        (
            Output(
                CONTRACT,
                filter=sql("not cast({IsDeleted} as boolean) and {AccountId} is not null"),
                fields={
                    "contract_id": "Id",
                    "organization_id": "AccountId",
                    "stage": "Status",
                    "starts_on": "StartDate",
                    "ends_on": "EndDate",
                    "churned_on": sql(
                        """
                        case
                            when {Status} in ('Terminated', 'Canceled', 'Cancelled') then {EndDate}
                        end"""
                    ),
                    "version_at": "SystemModstamp",
                },
            ),
            gone(CONTRACT),
        ),
        people=True,
        optional=True,
    ),
)
