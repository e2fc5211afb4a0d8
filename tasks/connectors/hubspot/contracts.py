"""HubSpot: contracts and their value."""

from tasks.connectors.hubspot.api import search
from tasks.entities import CONTRACT, TOMBSTONE
from tasks.rest.spec import Output
from tasks.rest.values import sql

DEALS = (
    "dealstage",
    "closedate",
    "amount",
    "hs_arr",
    "deal_currency_code",
    "hs_is_closed_won",
    "hs_primary_associated_company",
    "recurring_revenue_inactive_date",
    "recurring_revenue_inactive_reason",
    "hs_lastmodifieddate",
)

STREAMS = (
    search(
        "deals",
        "Deals won: revenue, and when it ended",
        "hs_lastmodifieddate",
        DEALS,
        (
            Output(
                CONTRACT,
                filter=sql(
                    "{properties.hs_is_closed_won} = 'true' and"
                    " {properties.hs_primary_associated_company} <> ''"
                ),
                fields={
                    "contract_id": "id",
                    "organization_id": "properties.hs_primary_associated_company",
                    "stage": "properties.dealstage",
                    "starts_on": sql("left({properties.closedate}, 10)"),
                    "ends_on": sql(
                        "left(nullif({properties.recurring_revenue_inactive_date}, ''), 10)"
                    ),
                    "churned_on": sql(
                        """
                        case
                            when lower({reason}) in ('churned', 'lost')
                                then left(nullif({inactive_on}, ''), 10)
                        end""",
                        reason="properties.recurring_revenue_inactive_reason",
                        inactive_on="properties.recurring_revenue_inactive_date",
                    ),
                    "yearly_amount": sql(  # hs_arr is 0 without recurring line items
                        """
                        case
                            when coalesce({arr}, '') = '' or try_cast({arr} as double) = 0
                                then nullif({amount}, '')
                            else {arr}
                        end""",
                        arr="properties.hs_arr",
                        amount="properties.amount",
                    ),
                    "currency": "properties.deal_currency_code",
                    "version_at": "updatedAt",
                },
            ),
            Output(
                TOMBSTONE,
                filter=sql("{properties.hs_is_closed_won} is distinct from 'true'"),
                fields={  # won by mistake, and reopened
                    "entity": sql("'contract'"),
                    "record_id": "id",
                    "deleted_at": "updatedAt",
                    "version_at": "updatedAt",
                },
            ),
        ),
        people=True,
    ),
)
