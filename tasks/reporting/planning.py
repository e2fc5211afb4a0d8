"""What the report says of the future: what comes, how sure that is, how many people when, and what
it costs.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tasks.reporting.content import Plot, Series, Table
from tasks.warehouse.session import Session

_PAST_DAYS = 42
_NEXT = 7


def headlines(session: Session, last_day: date) -> list[tuple[str, str, str]]:
    """Cards: tickets, people and money to come."""
    until = last_day + timedelta(days=_NEXT)
    tickets = session.fetch(
        "select expected_tickets, low_80, high_80 from marts.forecast_weekly where account = 'all'"
        " and weeks_ahead = 1",
    )
    error = session.fetch(
        "select sum(absolute_error), sum(actual_tickets) from marts.forecast_score where is_chosen and"
        " lead_from = 1",
    )[0]
    people = session.fetch(
        "select sum(coalesce(service_fte, required_fte)) / 5, sum(planned_fte) / 5 from"
        " marts.staffing_forecast where day <= :until",
        {"until": until},
    )[0]
    money = session.fetch(
        "select y.fiscal_year, sum(y.outlook), sum(y.plan_year), max(s.currency) from"
        " marts.budget_year as y cross join ops.reporting_setting as s where y.fiscal_year ="
        " (select max(fiscal_year) from marts.budget_year) group by y.fiscal_year",
    )
    cards = []
    if tickets:
        mean, low, high = tickets[0]
        off = (
            f"past error by team and day {error[0] / error[1]:.0%}"
            if error[1]
            else "not tested yet"
        )
        cards.append(
            (
                "Tickets expected",
                f"{mean:,.0f}",
                f"next 7 days; with 80 % certainty {low:,.0f} to {high:,.0f}; {off}",
            )
        )
    if people[0] is not None:
        planned = f"planned {people[1]:,.1f}" if people[1] is not None else "no plan given"
        cards.append(
            (
                "Agents needed, FTE",
                f"{people[0]:,.1f}",
                f"next 7 days, on five days a week; {planned}",
            )
        )
    if money:
        year, outlook, plan, currency = money[0]
        cards.append(
            (
                f"Outlook {year}",
                f"{outlook:,.0f} {currency}",
                f"plan {plan:,.0f}; {outlook - plan:+,.0f}",
            )
        )
    return cards


def plots(session: Session, last_day: date) -> list[Plot]:
    """Forecast with bands, past forecasts against what came, people against plan, money against
    plan.
    """
    return [
        _expected(session, last_day),
        _past(session),
        _people(session),
        _money(session),
    ]


def _expected(session: Session, last_day: date) -> Plot:
    known = session.fetch(
        "select day, sum(created_count) from marts.ticket_volume_daily where day > :since group by"
        " day order by day",
        {"since": last_day - timedelta(days=_PAST_DAYS)},
    )
    rows = session.fetch(
        "select day, expected_tickets, low_80, high_80, low_95, high_95 from"
        " marts.forecast_total_daily where account = 'all' order by day",
    )
    columns = _columns(rows, 6)
    return Plot(
        "What comes",
        "Tickets a day, all teams; bands hold 80 and 95 % of days (marts.forecast_total_daily)",
        "tickets a day",
        [
            Series("opened", *_columns(known, 2)),
            Series("expected", columns[0], columns[1], *(columns[i] for i in range(2, 6))),
        ],
    )


def _past(session: Session) -> Plot:
    rows = _columns(
        session.fetch(
            "select day, sum(actual_tickets), sum(expected_tickets) from"
            " marts.forecast_accuracy_daily where lead_days <= 7 group by day order by day",
        ),
        3,
    )
    told = _columns(
        session.fetch(
            "select t.day, sum(t.expected_tickets) from ops.forecast_published as t join"
            " marts.ticket_volume_daily as v on v.account = t.account and v.team_id = t.team_id and"
            " v.day = t.day where t.lead_days = 7 group by t.day order by t.day",
        ),
        2,
    )
    return Plot(
        "What the forecast said",
        "Tickets a day as they came, and as forecast one to seven days before, made anew from what"
        " was known then (marts.forecast_accuracy_daily); what was really told a week before"
        " (ops.forecast_published)",
        "tickets a day",
        [
            Series("came", rows[0], rows[1]),
            Series("forecast", rows[0], rows[2]),
            *([Series("told a week before", *told)] if told[0] else []),
        ],
    )


def _people(session: Session) -> Plot:
    rows = _columns(
        session.fetch(
            "select s.day, sum(coalesce(s.service_fte, s.required_fte)), sum(s.required_fte),"
            " sum(s.planned_fte) from marts.staffing_forecast as s join core.dim_date as d on d.day"
            " = s.day where d.is_workday group by s.day order by s.day",
        ),
        4,
    )
    return Plot(
        "How many people",
        "Full-time agents by work day: to keep the service promises, for the work alone, and"
        " planned (marts.staffing_forecast)",
        "FTE",
        [
            Series("needed", rows[0], rows[1]),
            Series("work alone", rows[0], rows[2]),
            Series("planned", rows[0], rows[3]),
        ],
    )


def _money(session: Session) -> Plot:
    rows = _columns(
        session.fetch(
            "select month_on, sum(plan), sum(actual) from marts.budget_variance_monthly group by"
            " month_on order by month_on",
        ),
        3,
    )
    currency = session.fetch("select currency from ops.reporting_setting")
    return Plot(
        "What it costs",
        "By month, the one in progress up to the last day (marts.budget_variance_monthly)",
        currency[0][0] if currency else "",
        [Series("planned", rows[0], rows[1]), Series("spent", rows[0], rows[2])],
    )


def _columns(rows: Sequence[Any], count: int) -> list[list[Any]]:
    found = [
        [float(cell) if isinstance(cell, Decimal) else cell for cell in column]
        for column in zip(*rows, strict=True)
    ]
    return found or [[] for _ in range(count)]


def tables(session: Session, last_day: date) -> list[Table]:
    """People, forecast quality, hiring, and money."""
    return [
        _staffing(session),
        _busy(session, last_day),
        _roster(session, last_day),
        _headcount(session),
        _scenarios(session),
        _year(session),
        _variances(session),
        _month(session, last_day),
        _contacts(session, last_day),
        _quality(session),
    ]


def _table(
    session: Session,
    name: str,
    title: str,
    description: str,
    heads: tuple[str, ...],
    query: str,
    given: dict[str, Any] | None = None,
) -> Table:
    rows = session.fetch(query, given or {})
    return Table(name, title, description, heads, [plain(row) for row in rows])


def plain(row: Any) -> tuple[Any, ...]:
    """A row's cells as numbers and text."""
    return tuple(
        float(c) if isinstance(c, Decimal) else c.isoformat() if isinstance(c, date) else c
        for c in row
    )


def _staffing(session: Session) -> Table:
    return _table(
        session,
        "staffing",
        "People needed, by week",
        "Full-time agents on five days a week: to keep the service promises, for the work alone"
        " with its 80 % bounds (sums of daily ones, so wide), and planned. Whole weeks only. From"
        " marts.staffing_forecast.",
        (
            "Account",
            "Team",
            "Week of",
            "Tickets expected",
            "Work, hours",
            "Agents needed, FTE",
            "Work alone, FTE",
            "at the low bound",
            "at the high bound",
            "Planned, FTE",
            "Gap, FTE",
        ),
        "select s.account, s.team, d.week_starts_on, sum(s.expected_tickets),"
        " sum(s.workload_hours), sum(coalesce(s.service_fte, s.required_fte)) / 5,"
        " sum(s.required_fte) / 5, sum(s.required_fte_low_80) / 5, sum(s.required_fte_high_80) / 5,"
        " max(s.planned_fte), max(s.planned_fte) - sum(coalesce(s.service_fte, s.required_fte)) / 5"
        " from marts.staffing_forecast as s join core.dim_date as d on d.day = s.day group by"
        " s.account, s.team, d.week_starts_on having count(*) = 7 order by 1, 2, 3",
    )


def _busy(session: Session, last_day: date) -> Table:
    listed = _table(
        session,
        "staffing_hours",
        "People needed, by hour of the next week",
        "Most heads scheduled at once in each hour of the local day over the next seven days, all"
        " channels of a team, shrinkage included. From marts.staffing_requirement_interval.",
        (
            "Account",
            "Team",
            "Local hour",
            "Tickets expected in the hour, a day",
            "Most heads at once",
        ),
        "select account, team, cast(floor(minute / 60.0) as bigint), sum(contacts) / 7, max(heads)"
        " from (select account, team, day, local_minute as minute, sum(planned_contacts) as"
        " contacts, sum(scheduled_headcount) as heads from marts.staffing_requirement_interval where"
        " day <= :until group by account, team, day, local_minute) as pieces group by account,"
        " team, floor(minute / 60.0) having max(heads) > 0 order by 1, 2, 3",
        {"until": last_day + timedelta(days=_NEXT)},
    )
    return replace(listed, on_page=False)


def _roster(session: Session, last_day: date) -> Table:
    return _table(
        session,
        "roster",
        "Shifts of the next week",
        "The cheapest shifts that cover the need, whole people. Missing hours are those that no"
        " shift covers at its worth, over hours what shifts cover beyond the need. From"
        " marts.staffing_roster_daily; empty without shift patterns (setting planning.shifts).",
        (
            "Account",
            "Team",
            "Days",
            "Most heads on a shift",
            "Paid hours",
            "Needed head hours",
            "Missing head hours",
            "Over head hours",
        ),
        "select account, team, count(*), max(headcount), sum(paid), sum(need), sum(under),"
        " sum(over_need) from (select account, team, day, max(headcount) as headcount, sum(paid_hours) as"
        " paid, max(required_hours) as need, max(understaffed_hours) as under, max(overstaffed_hours)"
        " as over_need from marts.staffing_roster_daily where day <= :until group by account, team,"
        " day) as days group by account, team order by 1, 2",
        {"until": last_day + timedelta(days=_NEXT)},
    )


def _headcount(session: Session) -> Table:
    return _table(
        session,
        "headcount",
        "Heads by month",
        "Need against heads after attrition, with new ones counted by their ramp; `ask for` in that"
        " month, to have them after the lead time. The months forecast, and those after in which"
        " somebody is to be asked for; all of the coming year in marts.headcount_plan_monthly.",
        (
            "Account",
            "Team",
            "Month",
            "Needed, FTE",
            "Need from",
            "Planned, FTE",
            "At the begin",
            "Leave",
            "Join",
            "Productive",
            "Gap, FTE",
            "Ask for",
        ),
        "select account, team, month_on, need_fte, need_from, planned_fte, start_fte, leavers_fte,"
        " joiners, productive_fte, gap_fte, request from marts.headcount_plan_monthly where"
        " workdays_forecast > 0 or request > 0 order by 1, 2, 3",
    )


def _scenarios(session: Session) -> Table:
    return _table(
        session,
        "scenarios",
        "What if",
        "Scenarios of `support-etl forecast`, over all teams and days forecast. From"
        " marts.staffing_scenario_daily.",
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
        "select scenario, max(assumptions), sum(expected_tickets), sum(base_expected_tickets),"
        " sum(fte), sum(base_fte), sum(extra_cost), max(p.currency) from"
        " marts.staffing_scenario_daily cross join ops.reporting_setting as p group by scenario"
        " order by 1",
    )


def _year(session: Session) -> Table:
    return _table(
        session,
        "budget_year",
        "Where the fiscal year ends",
        "Plan, spent so far and the year's end: as planned from now on, as it goes on, and with"
        " drivers as forecast: the people that are needed (had they been hired) and the contacts"
        " that are expected. The outlook is the first. From marts.budget_year.",
        (
            "Fiscal year",
            "Team",
            "Category",
            "Plan",
            "Spent so far",
            "End as planned",
            "End at this rate",
            "End by drivers",
            "Outlook",
            "Outlook less plan",
            "Currency",
        ),
        "select cast(fiscal_year as varchar), team, category, plan_year, actual_to_date,"
        " year_end_plan, year_end_run_rate, year_end_drivers, outlook, outlook_variance, p.currency"
        " from marts.budget_year cross join ops.reporting_setting as p where fiscal_year = (select"
        " max(fiscal_year) from marts.budget_year) order by 2, 3",
    )


def _variances(session: Session) -> Table:
    return _table(
        session,
        "variances",
        "Why spending differs from plan",
        "The last complete month and the one in progress. More contacts than planned (volume),"
        " other teams than planned (mix), more work per contact (efficiency), a dearer hour of work"
        " (rate), other categories, exchange rates. Positive is over plan. From"
        " marts.budget_variance_monthly.",
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
        "select month_on, team, plan, actual, volume, mix, efficiency, rate, other, fx, total,"
        " p.currency from marts.budget_variance_monthly cross join ops.reporting_setting as p where"
        " month_on >= (select max(month_on) from marts.budget_variance_monthly where is_complete)"
        " order by 1, 2",
    )


def _month(session: Session, last_day: date) -> Table:
    return _table(
        session,
        "budget",
        "Budget of the month",
        "Plan, spent so far and where the month ends if it goes on like this. Positive variance is"
        " over budget. From marts.budget_daily.",
        (
            "Team",
            "Category",
            "Month",
            "Plan of the month",
            "Plan to date",
            "Spent to date",
            "Variance to date",
            "Run-rate of the month",
            "Currency",
        ),
        "select team, category, month_on, plan_month, plan_to_date, actual_to_date,"
        " variance_to_date, run_rate_month, currency from marts.budget_daily where day = :day order"
        " by 1, 2",
        {"day": last_day},
    )


def _quality(session: Session) -> Table:
    return _table(
        session,
        "forecast",
        "How good the forecast is",
        "Past forecasts, one to 28 days ahead, against what came: sums of absolute errors over"
        " tickets. Last week again and chance alone are there to compare: nothing does better than"
        " chance on few tickets. Bands should hold 80 and 95 %. From marts.forecast_volume_daily.",
        (
            "Account",
            "Team",
            "Way of forecasting",
            "Tickets a day",
            "Error",
            "Last week again",
            "Chance alone",
            "In the 80 % band",
            "In the 95 % band",
        ),
        "select account, team, max(model), avg(expected_tickets), max(backtest_wape),"
        " max(naive_wape), max(noise_wape), max(coverage_80), max(coverage_95) from"
        " marts.forecast_volume_daily group by account, team order by 1, 2",
    )


def _contacts(session: Session, last_day: date) -> Table:
    return _table(
        session,
        "contacts",
        "What a contact costs",
        "Money and tickets of the month so far; a team's money over its channels by the time that"
        " their solved tickets took. From marts.cost_per_contact_daily.",
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
        "select team, channel, labour_cost, other_cost, contacts_count, resolutions_count,"
        " cost_per_contact, cost_per_resolution, currency from marts.cost_per_contact_daily where"
        " day = :day order by 1, 2",
        {"day": last_day},
    )
