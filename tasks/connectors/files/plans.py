"""Files: money and people as planned and spent."""

from tasks.connectors.files.api import table
from tasks.connectors.files.transforms import budget_line
from tasks.entities import BUDGET_LINE, COST_ENTRY, EXCHANGE_RATE, HEADCOUNT_PLAN

STREAMS = (
    table(
        "budget_lines",
        "Money planned per month, team and category",
        BUDGET_LINE,
        defaults={"paid_for": "all"},
        computed=("basis", "version_order"),
        one_of=("amount", "driver_rate"),
        months="amount",
        finish=budget_line,
    ),
    table("cost_entries", "Money spent", COST_ENTRY),
    table("exchange_rates", "What currencies are worth in the reporting currency", EXCHANGE_RATE),
    table(
        "headcount_plan",
        "People planned per month and team",
        HEADCOUNT_PLAN,
        one_of=("fte", "handle_minutes", "monthly_cost", "contacts"),
    ),
)
