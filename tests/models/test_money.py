"""Costs, daily budget and the year's end against exact fractions, over made-up ledgers."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import floor
from typing import Any

import event_log
import pytest
from event_log import AS_OF
from test_brute_force import ZONES, build, rows

from tasks.sqlmodels.parameters import last_complete_day
from tasks.transform import model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare
from tasks.watch import _without_rate

REPORTING = "USD"
MONTHS = [date(2026, month, 1) for month in range(2, 9)]
RATES = {
    "EUR": [(date(2026, 1, 1), 1.1), (date(2026, 3, 10), 1.25), (date(2026, 5, 1), 0.9)],
    "SEK": [(date(2026, 4, 15), 0.1)],
}  # none before for the krona
CLOSE = 0.0002  # two roundings to four digits


Row = dict[str, Any]
BUDGETED = (
    ("labour", "all", "variable"),
    ("licences", "desk", "fixed"),
    ("licences", "phone", "variable"),
    ("training", "all", "fixed"),
)


def ledgers(seed: int) -> dict[str, list[Row]]:
    """Made-up rates, headcount, costs and two versions of a budget."""
    pick = random.Random(seed)
    return {
        "exchange_rate": [
            {"currency": c, "valid_from_on": on, "rate": rate}
            for c, listed in RATES.items()
            for on, rate in listed
        ],
        "headcount_plan": [
            {"month_on": m, "team": t, "fte": pick.choice((1.5, 3.0, 4.25)), "contacts": 300}
            for m in MONTHS
            for t in ("A", "B")
        ],
        "cost_entry": [_cost(pick, number) for number in range(70)],
        "budget_line": [
            {"version": version, "month_on": month, "team": team, **_budgeted(pick, *budgeted)}
            for version, month, team, budgeted in product(
                ("first", "second"), MONTHS, ("A", "B"), BUDGETED
            )
            if pick.random() < 0.8
        ],
    }


def _cost(pick: random.Random, number: int) -> Row:
    posted = date(2026, 2, 1) + timedelta(days=pick.randrange(150))
    begins = posted + timedelta(days=pick.randrange(-20, 40))
    first, last = pick.choice(
        (
            (None, None),
            (None, None),
            (begins, None),
            (begins, begins + timedelta(days=pick.randrange(90))),
            (None, posted + timedelta(days=pick.randrange(-10, 40))),
        )
    )
    return {
        "entry_id": str(number),
        "posted_on": posted,
        "team": pick.choice("AB"),
        "category": pick.choice(("labour", "licences", "training")),
        "paid_for": pick.choice((None, "x")),
        "amount": Fraction(pick.randrange(-200, 2000), 8),
        "currency": pick.choice(("USD", "USD", "EUR", "SEK")),
        "service_from_on": first,
        "service_until_on": last,
    }


def _budgeted(pick: random.Random, category: str, paid_for: str, kind: str) -> Row:
    """An amount, or a rate of a driver: people of the headcount plan, or 7.5 seats."""
    is_driven = pick.random() < 0.3
    amount = None if is_driven else Fraction(pick.randrange(1, 9000), 4)
    currency = {"training": "EUR", "licences": "USD"}.get(category)
    line = {
        "category": category,
        "paid_for": paid_for,
        "kind": kind,
        "basis": "driver" if is_driven else "amount",
        "amount": amount,
        "currency": currency or pick.choice(("USD", "EUR")),
        "driver": pick.choice(("fte", "seats")) if is_driven else None,
        "driver_rate": Fraction(pick.randrange(1, 400), 4) if is_driven else None,
    }
    return line | ({"driver_quantity": 7.5} if line["driver"] == "seats" else {})


def money(value: Fraction) -> Fraction:
    return Fraction(floor(value * 10_000 + Fraction(1, 2)), 10_000)


def rate(currency: str, on: date) -> Fraction | None:
    if currency == REPORTING:
        return Fraction(1)
    known = [Fraction(str(value)) for since, value in RATES[currency] if since <= on]
    return known[-1] if known else None


def month_of(day: date) -> date:
    return day.replace(day=1)


def costs(entries: list[dict[str, Any]]) -> dict[tuple[str, date], dict[str, Any]]:
    """The share of each cost by day, then by month."""
    actual_rows = {}
    for e in entries:
        first, last = e["service_from_on"], e["service_until_on"]
        if first is None:
            first = e["posted_on"] if last is None else min(last, e["posted_on"])
        last = last or first if e["service_from_on"] or e["service_until_on"] else first
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        so_far = Fraction(0)
        for month in sorted({month_of(d) for d in days}):
            inside = [d for d in days if month_of(d) == month]
            upto = money(
                e["amount"] * Fraction(len([d for d in days if d <= inside[-1]]), len(days))
            )
            worth = rate(e["currency"], e["posted_on"])
            actual_rows[e["entry_id"], month] = {
                **{name: e[name] for name in ("team", "category", "currency")},
                "accrued_on": inside[0],
                "amount": upto - so_far,
                "of": e["amount"],
                "amount_reporting": None if worth is None else money((upto - so_far) * worth),
            }
            so_far = upto
    return actual_rows


def lines(given: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    staff = {(h["month_on"], h["team"]): Fraction(str(h["fte"])) for h in given["headcount_plan"]}
    actual_rows = []
    for line in (b for b in given["budget_line"] if b["version"] == "second"):
        amount = line["amount"]
        if amount is None:
            amount = money(
                line["driver_rate"]
                * (
                    staff[line["month_on"], line["team"]]
                    if line["driver"] == "fte"
                    else Fraction("7.5")
                )
            )
        worth = rate(line["currency"], line["month_on"])
        actual_rows.append(
            {
                **line,
                "amount": amount,
                "reporting": None if worth is None else money(amount * worth),
            }
        )
    return actual_rows


class Calendar:
    def __init__(self, warehouse: Warehouse) -> None:
        self.days = {
            r["day"]: r
            for r in rows(warehouse, "select day, is_workday, fiscal_year from staging.known_day")
        }

    def work(self, first: date, last: date) -> int:
        return sum(r["is_workday"] for d, r in self.days.items() if first <= d <= last)

    def month(self, month: date) -> list[date]:
        return sorted(d for d in self.days if month_of(d) == month)


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def warehouse(request, tmp_path_factory, postgres):
    made = Warehouse(
        (
            f"duckdb:///{tmp_path_factory.mktemp('money') / 'w.duckdb'}"
            if request.param == "duckdb"
            else postgres()
        ),
        threads=1,
    )
    yield made
    made.dispose()


@pytest.fixture(scope="module", params=[1, 2, 3])
def case(request, warehouse):
    given = ledgers(request.param)
    prepare(warehouse, model_tables())
    with warehouse.transaction() as session:
        for entity in given:
            session.execute(f"delete from source.{entity}")
    event_log.load(
        warehouse,
        [
            (entity, row)
            for entity, listed in given.items()
            for row in (
                {
                    k: Decimal(v.numerator) / v.denominator if isinstance(v, Fraction) else v
                    for k, v in r.items()
                }
                for r in listed
            )
        ],
    )
    build(warehouse)
    return warehouse, given, last_complete_day(AS_OF, ZONES[0])


def test_every_cost_in_every_month(case):
    warehouse, given, _ = case
    expected = costs(given["cost_entry"])
    actual_rows = {
        (r["entry_id"], r["month_on"]): r for r in rows(warehouse, "select * from core.fct_cost")
    }
    assert set(actual_rows) == set(expected)
    for key, wanted in expected.items():
        assert (
            actual_rows[key]["accrued_on"],
            actual_rows[key]["team"],
            actual_rows[key]["currency"],
        ) == (
            wanted["accrued_on"],
            wanted["team"],
            wanted["currency"],
        )
        assert float(actual_rows[key]["amount"]) == pytest.approx(
            float(wanted["amount"]), abs=CLOSE
        )
        shown = actual_rows[key]["amount_reporting"]
        assert (
            shown is None
            if wanted["amount_reporting"] is None
            else float(shown) == pytest.approx(float(wanted["amount_reporting"]), abs=CLOSE)
        )
    whole = defaultdict(Fraction)
    for (entry, _), row in actual_rows.items():
        whole[entry] += Fraction(row["amount"])
    assert whole == {
        e["entry_id"]: e["amount"] for e in given["cost_entry"]
    }  # to the last digit, however it is parted


def test_costs_without_a_rate_are_counted_and_alerted(case):
    warehouse, given, last_day = case
    unrated = {
        e["entry_id"]: e for e in given["cost_entry"] if not rate(e["currency"], e["posted_on"])
    }
    assert unrated
    with warehouse.session() as session:
        alerts = {subject: (kind, said) for subject, kind, said in _without_rate(session)}
    kind, said = alerts["SEK/cost"]
    assert kind == "rate"
    assert "no exchange rate" in said
    parts = costs(list(unrated.values())).values()
    due = [part for part in parts if part["accrued_on"] <= last_day]
    years = rows(warehouse, "select * from marts.budget_year")
    assert sum(year["costs_without_rate"] for year in years) == len(due)
    assert all(year["is_complete"] != bool(year["costs_without_rate"]) for year in years)
    variances = rows(warehouse, "select * from marts.cost_per_contact_daily")
    assert {row["team"] for row in variances if row["costs_without_rate"]}


def test_the_budget_of_every_day(case):
    warehouse, given, last_day = case
    calendar, spent, planned = Calendar(warehouse), costs(given["cost_entry"]).items(), lines(given)
    actual_rows = {
        (r["day"], r["team"], r["category"], r["currency"]): r
        for r in rows(warehouse, "select * from marts.budget_daily")
    }
    assert actual_rows
    places = {(p["month_on"], p["team"], p["category"], p["currency"]) for p in planned} | {
        (month, c["team"], c["category"], c["currency"]) for (_, month), c in spent
    }
    assert set(actual_rows) == {
        (day, *rest) for month, *rest in places for day in calendar.month(month) if day <= last_day
    }
    for (day, team, category, currency), row in actual_rows.items():
        month, here = month_of(day), (team, category, currency)
        mine = [
            p
            for p in planned
            if p["month_on"] == month and (p["team"], p["category"], p["currency"]) == here
        ]
        fixed, variable = (
            sum((p["amount"] for p in mine if p["kind"] == kind), Fraction(0))
            for kind in ("fixed", "variable")
        )
        actual = sum(
            (
                c["amount"]
                for (_, m), c in spent
                if m == month
                and c["accrued_on"] <= day
                and (c["team"], c["category"], c["currency"]) == here
            ),
            Fraction(0),
        )
        done, of = calendar.work(month, day), calendar.work(month, calendar.month(month)[-1])
        share = Fraction(done, of)
        beyond = actual if not fixed else max(actual - fixed, Fraction(0))
        run_rate = (
            max(actual, fixed) if not variable else None if done < 3 else fixed + beyond / share
        )
        wanted = {
            "plan_month": fixed + variable,
            "plan_to_date": fixed + variable * share,
            "actual_to_date": actual,
            "variance_to_date": actual - fixed - variable * share,
            "run_rate_month": run_rate,
        }
        for name, value in wanted.items():
            assert (
                row[name] is None
                if value is None
                else float(row[name]) == pytest.approx(float(value), abs=CLOSE)
            ), (day, here, name)


def total(amounts: Iterable[Fraction]) -> Fraction:
    return sum(amounts, Fraction(0))


def rest_of_plan(mine: list[Row], now: date, left: Fraction, of_month: Fraction) -> Fraction:
    """Later months, the variable share of this one, and the part of its fixed costs not yet billed.

    `left` is the share of the month's workdays to come, `of_month` what was billed in it.
    """
    this_month = [p for p in mine if p["month_on"] == now]
    later = total(p["reporting"] for p in mine if p["month_on"] > now)
    variable = total(p["reporting"] * left for p in this_month if p["kind"] == "variable")
    fixed = total(p["reporting"] for p in this_month if p["kind"] == "fixed")
    return later + variable + (max(fixed - of_month, Fraction(0)) if fixed > 0 else Fraction(0))


def test_year_end_outlook(case):
    warehouse, given, last_day = case
    calendar, planned = Calendar(warehouse), lines(given)
    spent = [
        c
        for c in costs(given["cost_entry"]).values()
        if c["accrued_on"] <= last_day and c["amount_reporting"] is not None
    ]
    now, year_end = month_of(last_day), date(last_day.year, 12, 31)
    left = Fraction(
        calendar.work(last_day + timedelta(days=1), calendar.month(now)[-1]),
        calendar.work(now, calendar.month(now)[-1]),
    )
    actual_rows = {
        (r["team"], r["category"]): r for r in rows(warehouse, "select * from marts.budget_year")
    }
    assert {key[0] for key in actual_rows} == {"A", "B"}
    for (team, category), row in actual_rows.items():
        mine = [
            p
            for p in planned
            if (p["team"], p["category"]) == (team, category) and p["reporting"] is not None
        ]
        bills = [c for c in spent if (c["team"], c["category"]) == (team, category)]
        actual = total(c["amount_reporting"] for c in bills)
        of_month = total(c["amount_reporting"] for c in bills if month_of(c["accrued_on"]) == now)
        plan_left = rest_of_plan(mine, now, left, of_month)
        assert float(row["plan_year"]) == pytest.approx(
            float(total(p["reporting"] for p in mine)), abs=CLOSE
        )
        assert float(row["actual_to_date"]) == pytest.approx(float(actual), abs=CLOSE)
        assert float(row["year_end_plan"]) == pytest.approx(float(actual + plan_left), abs=CLOSE)
        assert float(row["outlook_variance"]) == pytest.approx(
            float(row["outlook"] - row["plan_year"]), abs=CLOSE
        )
        if {p["kind"] for p in mine} == {"variable"}:
            worked = calendar.work(min(c["accrued_on"] for c in bills), last_day) if bills else 0
            if worked >= 10:
                assert float(row["year_end_run_rate"]) == pytest.approx(
                    float(
                        actual
                        + actual / worked * calendar.work(last_day + timedelta(days=1), year_end)
                    ),
                    abs=CLOSE,
                )
            else:
                assert row["year_end_run_rate"] is None
