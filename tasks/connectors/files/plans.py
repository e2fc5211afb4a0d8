"""Files: money and people as planned and spent."""

from tasks.connectors.files.api import table
from tasks.entities import BUDGET_LINE, COST_ENTRY, EXCHANGE_RATE, HEADCOUNT_PLAN
from tasks.rest.values import sql

_BASIS = sql(
    """
    case
        when {amount} is not null and abs(
            try_cast({amount} as double)
            - try_cast({driver_quantity} as double) * try_cast({driver_rate} as double)
        ) > 0.01 then 'contradictory'
        when {amount} is not null then 'amount'
        when {driver_rate} is not null and (
            {driver_quantity} is not null
            or {driver} in ('fte', 'contacts')
        ) then 'driver'
    end"""
)

STREAMS = (
    table(
        "budget_lines",
        "Money planned per month, team and category",
        BUDGET_LINE,
        paid_for=sql("coalesce({paid_for}, 'all')"),
        basis=_BASIS,
    ),
    table("cost_entries", "Money spent", COST_ENTRY),
    table("exchange_rates", "What currencies are worth in the reporting currency", EXCHANGE_RATE),
    table("headcount_plan", "People planned per month and team", HEADCOUNT_PLAN),
)
