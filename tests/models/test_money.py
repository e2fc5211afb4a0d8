"""Costs, daily budget and the year's end against exact fractions, over made-up ledgers."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import event_log
import pytest
from event_log import AS_OF
from test_brute_force import ZONES, build, rows

from tasks.transform import last_complete_day, model_tables
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.migrations import prepare

REPORTING = "USD"
MONTHS = [date(2026, month, 1) for month in range(2, 9)]
RATES = {
    "EUR": [(date(2026, 1, 1), 1.1), (date(2026, 3, 10), 1.25), (date(2026, 5, 1), 0.9)],
    "SEK": [(date(2026, 4, 15), 0.1)],
}  # none before for the krona
CLOSE = 0.0002  # two roundings to four digits


def runlog(seed: int) -> dict[str, list[dict[str, Any]]]:
    pick = random.Random(seed)
    some = {
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
        "cost_entry": [],
        "budget_line": [],
    }
    for number in range(70):
        posted = date(2026, 2, 1) + timedelta(days=pick.randrange(150))
        begins = posted + timedelta(days=pick.randrange(-20, 40))
        span = pick.choice(
            (
                (None, None),
                (None, None),
                (begins, None),
                (begins, begins + timedelta(days=pick.randrange(90))),
                (None, posted + timedelta(days=pick.randrange(-10, 40))),
            )
        )
        some["cost_entry"].append(
            {
                "entry_id": str(number),
                "posted_on": posted,
                "team": pick.choice("AB"),
                "category": pick.choice(("labour", "licences", "training")),
                "paid_for": pick.choice((None, "x")),
                "amount": Fraction(pick.randrange(-200, 2000), 8),
                "currency": pick.choice(("USD", "USD", "EUR", "SEK")),
                "service_from_on": span[0],
                "service_until_on": span[1],
            }
        )
    for version in ("first", "second"):
        for month in MONTHS:
            for team in ("A", "B"):
                for category, paid_for, kind in (
                    ("labour", "all", "variable"),
                    ("licences", "desk", "fixed"),
                    ("licences", "phone", "variable"),
                    ("training", "all", "fixed"),
                ):
                    if pick.random() < 0.8:
                        driven = pick.random() < 0.3
                        some["budget_line"].append(
                            {
                                "version": version,
                                "month_on": month,
                                "team": team,
                                "category": category,
                                "paid_for": paid_for,
                                "kind": kind,
                                "basis": "driver" if driven else "amount",
                                "amount": None if driven else Fraction(pick.randrange(1, 9000), 4),
                                "currency": (
                                    "EUR"
                                    if category == "training"
                                    else (
                                        pick.choice(("USD", "EUR"))
                                        if category == "labour"
                                        else "USD"
                                    )
                                ),
                                "driver": pick.choice(("fte", "seats")) if driven else None,
                                "driver_rate": (
                                    Fraction(pick.randrange(1, 400), 4) if driven else None
                                ),
                            }
                        )
                        if some["budget_line"][-1]["driver"] == "seats":
                            some["budget_line"][-1]["driver_quantity"] = 7.5
    return some


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
    """Day by day: what of each entry counts on which day, then by month."""
    found = {}
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
            found[e["entry_id"], month] = {
                **{name: e[name] for name in ("team", "category", "currency")},
                "accrued_on": inside[0],
                "amount": upto - so_far,
                "of": e["amount"],
                "amount_reporting": None if worth is None else money((upto - so_far) * worth),
            }
            so_far = upto
    return found


def lines(given: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    staff = {(h["month_on"], h["team"]): Fraction(str(h["fte"])) for h in given["headcount_plan"]}
    found = []
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
        found.append(
            {
                **line,
                "amount": amount,
                "reporting": None if worth is None else money(amount * worth),
            }
        )
    return found


class Calendar:
    def __init__(self, warehouse: Warehouse) -> None:
        self.days = {
            r["day"]: r
            for r in rows(warehouse, "select day, is_workday, fiscal_year from core.dim_date")
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
    given = runlog(request.param)
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
    found = {
        (r["entry_id"], r["month_on"]): r for r in rows(warehouse, "select * from core.fct_cost")
    }
    assert set(found) == set(expected)
    for key, wanted in expected.items():
        assert (found[key]["accrued_on"], found[key]["team"], found[key]["currency"]) == (
            wanted["accrued_on"],
            wanted["team"],
            wanted["currency"],
        )
        assert float(found[key]["amount"]) == pytest.approx(float(wanted["amount"]), abs=CLOSE)
        shown = found[key]["amount_reporting"]
        assert (
            shown is None
            if wanted["amount_reporting"] is None
            else float(shown) == pytest.approx(float(wanted["amount_reporting"]), abs=CLOSE)
        )
    whole = defaultdict(Fraction)
    for (entry, _), row in found.items():
        whole[entry] += Fraction(row["amount"])
    assert whole == {
        e["entry_id"]: e["amount"] for e in given["cost_entry"]
    }  # to the last digit, however it is parted


def test_the_budget_of_every_day(case):
    warehouse, given, last_day = case
    calendar, spent, planned = Calendar(warehouse), costs(given["cost_entry"]).items(), lines(given)
    found = {
        (r["day"], r["team"], r["category"], r["currency"]): r
        for r in rows(warehouse, "select * from marts.budget_daily")
    }
    assert found
    places = {(p["month_on"], p["team"], p["category"], p["currency"]) for p in planned} | {
        (month, c["team"], c["category"], c["currency"]) for (_, month), c in spent
    }
    assert set(found) == {
        (day, *rest) for month, *rest in places for day in calendar.month(month) if day <= last_day
    }
    for (day, team, category, currency), row in found.items():
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


def test_where_the_year_ends(case):
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
    found = {
        (r["team"], r["category"]): r for r in rows(warehouse, "select * from marts.budget_year")
    }
    assert {key[0] for key in found} == {"A", "B"}
    for (team, category), row in found.items():
        mine = [
            p
            for p in planned
            if (p["team"], p["category"]) == (team, category) and p["reporting"] is not None
        ]
        bills = [c for c in spent if (c["team"], c["category"]) == (team, category)]
        actual = sum((c["amount_reporting"] for c in bills), Fraction(0))
        of_month = sum(
            (c["amount_reporting"] for c in bills if month_of(c["accrued_on"]) == now), Fraction(0)
        )
        later = sum((p["reporting"] for p in mine if p["month_on"] > now), Fraction(0))
        going_on = sum(
            (
                p["reporting"] * left
                for p in mine
                if p["month_on"] == now and p["kind"] == "variable"
            ),
            Fraction(0),
        )
        due = sum(
            (p["reporting"] for p in mine if p["month_on"] == now and p["kind"] == "fixed"),
            Fraction(0),
        )
        plan_left = (
            later + going_on + max(due - of_month, Fraction(0)) if due > 0 else later + going_on
        )
        assert float(row["plan_year"]) == pytest.approx(
            float(sum((p["reporting"] for p in mine), Fraction(0))), abs=CLOSE
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
