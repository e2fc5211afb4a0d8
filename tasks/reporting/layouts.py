"""Tables of the report that show a result as it is: people, money, quality, clocks, quarantine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tasks.reporting.content import Cell, Table

Rows = Iterable[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Texts of a table; its rows have one cell for each heading."""

    name: str
    title: str
    description: str
    source: str
    headings: tuple[str, ...]
    on_page: bool = True

    def table(self, rows: Rows) -> Table:
        """The table with its rows."""
        return Table(
            self.name,
            self.title,
            self.description,
            self.headings,
            [tuple(_plain(cell) for cell in row) for row in rows],
            on_page=self.on_page,
            source=self.source,
        )


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, Decimal):
        return float(cell)
    return cell.isoformat() if isinstance(cell, date) else cell


def tables_of(layouts: Iterable[Layout], rows: Mapping[str, Rows]) -> list[Table]:
    """The tables of these layouts; `rows` by the table's name."""
    return [layout.table(rows[layout.name]) for layout in layouts]


PLANNING = (
    Layout(
        "staffing",
        "People needed, by week",
        "Full-time agents on five days a week: to answer customers in time, for the work alone with"
        " a low and a high estimate, and planned. Whole weeks only.",
        "marts.staffing_forecast",
        (
            "Account",
            "Team",
            "Week of",
            "Tickets expected",
            "Work, hours",
            "Agents needed, FTE",
            "Work alone, FTE",
            "Low estimate",
            "High estimate",
            "Planned, FTE",
            "Gap, FTE",
        ),
    ),
    Layout(
        "staffing_hours",
        "People needed, by hour of the next week",
        "Most people scheduled at once in each hour of the local day over the next seven days, all"
        " channels of a team, absence included.",
        "marts.staffing_requirement_interval",
        (
            "Account",
            "Team",
            "Local hour",
            "Tickets expected in the hour, a day",
            "Most people at once",
        ),
        on_page=False,
    ),
    Layout(
        "roster",
        "Shifts of the next week",
        "The cheapest shifts that cover the need, in whole people. Missing hours are those that no"
        " shift covers at its price, hours over are those beyond the need. Empty without shift"
        " patterns (setting planning.shifts).",
        "marts.staffing_roster_daily",
        (
            "Account",
            "Team",
            "Days",
            "Most people on a shift",
            "Paid hours",
            "Hours needed",
            "Hours missing",
            "Hours over",
        ),
    ),
    Layout(
        "headcount",
        "Headcount by month",
        "Need and headcount after people leave; new ones count by what they can do already. Request"
        " people in the month that is shown, so that they begin in time. Months that are forecast,"
        " and later ones with a request.",
        "marts.headcount_plan_monthly, which has the whole coming year",
        (
            "Account",
            "Team",
            "Month",
            "Needed, FTE",
            "Need from",
            "Planned, FTE",
            "At the beginning",
            "Leave",
            "Join",
            "Productive",
            "Gap, FTE",
            "Request",
        ),
    ),
    Layout(
        "scenarios",
        "What if",
        "Scenarios of `support-etl forecast`, over all teams and days forecast.",
        "marts.staffing_scenario_daily",
        (
            "Scenario",
            "Change",
            "Tickets",
            "instead of",
            "Agent days, FTE",
            "instead of",
            "Extra cost",
            "Currency",
        ),
    ),
    Layout(
        "budget_year",
        "Where the fiscal year ends",
        "Plan, spent so far and the year's end in three ways: the rest as planned, the rest at the"
        " present rate, and by the people needed and contacts expected. The outlook is the first.",
        "marts.budget_year",
        (
            "Fiscal year",
            "Team",
            "Category",
            "Plan",
            "Spent so far",
            "End as planned",
            "End at this rate",
            "End by people and contacts",
            "Outlook",
            "Outlook less plan",
            "Currency",
        ),
    ),
    Layout(
        "variances",
        "Why spending differs from plan",
        "The last complete month and the one in progress. More contacts than planned (volume),"
        " other teams than planned (mix), more work per contact (efficiency), a dearer hour of work"
        " (rate), other categories, exchange rates. Positive is over plan.",
        "marts.budget_variance_monthly",
        (
            "Month",
            "Team",
            "Plan",
            "Spent",
            "Volume",
            "Mix",
            "Efficiency",
            "Rate",
            "Other",
            "Exchange rates",
            "Over plan",
            "Currency",
        ),
    ),
    Layout(
        "budget",
        "Budget of the month",
        "Plan, spent so far and where the month ends at the present rate. Positive is over budget.",
        "marts.budget_daily",
        (
            "Team",
            "Category",
            "Month",
            "Plan of the month",
            "Plan to date",
            "Spent to date",
            "Over plan to date",
            "Month at this rate",
            "Currency",
        ),
    ),
    Layout(
        "contacts",
        "What a contact costs",
        "Money and tickets of the month so far. A team's money is divided over its channels by the"
        " work on their solved tickets.",
        "marts.cost_per_contact_daily",
        (
            "Team",
            "Channel",
            "Labour",
            "Other",
            "Opened",
            "Solved",
            "Cost per contact",
            "Cost per resolution",
            "Currency",
        ),
    ),
    Layout(
        "forecast",
        "How good the forecast is",
        "How far past forecasts, one to 28 days ahead, were off, as a share of the tickets. For"
        " comparison: repeating last week, and pure chance, which nothing beats on few tickets. Of"
        " ten days eight should lie in the narrow range, and of twenty days nineteen in the wide"
        " one.",
        "marts.forecast_volume_daily",
        (
            "Account",
            "Team",
            "Way of forecasting",
            "Tickets a day",
            "Error",
            "Last week again",
            "Chance alone",
            "In the narrow range",
            "In the wide range",
        ),
    ),
)

OPERATIONS = (
    Layout(
        "sla_running",
        "SLA clocks that run now",
        "Tickets that still wait for a reply or a solution, breached ones too.",
        "marts.sla_running",
        (
            "Account",
            "Team",
            "Clock",
            "State",
            "Clocks",
            "Least left, minutes",
            "Most beyond, minutes",
        ),
    ),
    Layout(
        "vendor_comparison",
        "Our figures and the vendors' own",
        "Figures of tickets opened in the last eight weeks that the vendor publishes itself: how"
        " many differ with an explanation, how many without one, and which measure agrees least;"
        " see `support-etl compare`.",
        "marts.vendor_comparison",
        (
            "Account",
            "Compared",
            "Explained",
            "Unexplained",
            "Unexplained share",
            "Worst measure",
            "Its unexplained share",
        ),
    ),
    Layout(
        "quarantine",
        "Rows in quarantine",
        "Rows that broke a rule and count in no figure; see `support-etl quarantine list`.",
        "ops.quarantine",
        ("Account", "Stream", "Entity", "Rule", "For example", "Rows"),
    ),
)
