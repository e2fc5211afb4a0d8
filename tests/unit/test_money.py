"""Variances: the worked example, corners, and that the parts are the whole, to the last digit."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning.budget_variance import (
    Budget,
    CostRow,
    MissingRatesRow,
    PresentMonthRow,
    variance_tables,
)
from tasks.planning.money import Variance, Work, variances
from tasks.reporting.planning import OutlookRow, money_headline

PLAN = {
    "e-mail": Work(Decimal(8000), Decimal("0.25"), Decimal(30)),
    "phone": Work(Decimal(2000), Decimal("0.20"), Decimal(32)),
    "chat": Work(Decimal(3000), Decimal("0.15"), Decimal(30)),
}
ACTUAL = {
    "e-mail": Work(Decimal(8600), Decimal("0.27"), Decimal(30)),
    "phone": Work(Decimal(1700), Decimal("0.20"), Decimal(33)),
    "chat": Work(Decimal(3600), Decimal("0.14"), Decimal(30)),
}


def summed(result: dict[str, Variance], part: str) -> Decimal:
    return sum((getattr(v, part) for v in result.values()), Decimal(0))


def test_the_worked_example():
    result = variances(PLAN, ACTUAL)
    # V 13,000 and 13,900; a planned contact costs 86,300 / 13,000 = 6.63846
    assert [round(summed(result, p), 2) for p in ("volume", "mix", "efficiency", "rate")] == [
        Decimal("5974.62"),
        Decimal("-694.62"),
        Decimal("4080.00"),
        Decimal("340.00"),
    ]
    assert summed(result, "total") == Decimal("9700.00")  # with 1,000 of fixed cost: 10,700


def test_cells_that_are_new_or_deleted():
    one, other = (
        Work(Decimal(100), Decimal(1), Decimal(10)),
        Work(Decimal(50), Decimal(1), Decimal(20)),
    )
    new = variances({"a": one}, {"a": one, "b": other})
    assert new["b"] == Variance(mix=Decimal(1000))
    assert new["a"] == Variance(volume=Decimal(500), mix=Decimal(-500))
    # a third fewer contacts in total; the rest of b's contacts went to a
    deleted = variances({"a": one, "b": other}, {"a": one})["b"]
    assert (round(deleted.volume, 6), round(deleted.mix, 6), deleted.efficiency, deleted.rate) == (
        Decimal("-333.333333"),
        Decimal("-666.666667"),
        0,
        0,
    )
    assert variances({}, {"b": other}) == {"b": Variance(volume=Decimal(1000))}
    assert variances({"a": one}, {}) == {"a": Variance(volume=Decimal(-1000))}
    assert variances({"a": one}, {"a": one})["a"].total == 0


amounts = st.integers(0, 10**7).map(lambda n: Decimal(n) / 100)
work = st.builds(Work, st.integers(0, 10**5).map(Decimal), amounts, amounts)
cells = st.dictionaries(st.sampled_from("abcdef"), work, max_size=6)


@given(cells, cells)
def test_plan_and_variances_make_the_actual(plan, actual):
    result = variances(plan, actual)
    difference = sum((w.cost for w in actual.values()), Decimal(0)) - sum(
        (w.cost for w in plan.values()), Decimal(0)
    )
    assert summed(result, "total") == pytest.approx(
        difference, abs=Decimal("1e-9") * (1 + abs(difference))
    )
    # the same by sums over the whole, in fractions
    v_p, v_a = (Fraction(sum((w.contacts for w in m.values()), Decimal(0))) for m in (plan, actual))
    if v_p:
        mean = Fraction(sum((w.cost for w in plan.values()), Decimal(0))) / v_p
        assert float(summed(result, "volume")) == pytest.approx(
            float((v_a - v_p) * mean), rel=1e-9, abs=1e-6
        )


def test_money_without_an_exchange_rate_is_counted_and_said():
    """Costs of March: 500 with a rate, two without one; the plan of it has none."""
    march = date(2026, 3, 1)
    budget = Budget(
        present=PresentMonthRow(date(2026, 4, 30), date(2026, 4, 1), 20, 20),
        lines=[],
        costs=[CostRow(march, "T", "labour", Decimal(500), Decimal(500))],
        planned_contacts=[],
        solved=[],
        missing_rates=[MissingRatesRow(march, "T", 1, 2), MissingRatesRow(march, "U", 1, 0)],
    )
    rows = {row.team: row for row in variance_tables(budget).budget_variance_monthly}
    assert (rows["T"].actual, rows["T"].costs_without_rate) == (500, 2)
    assert rows["T"].plan_lines_without_rate == rows["U"].plan_lines_without_rate == 1
    known = OutlookRow(2026, Decimal(1500), Decimal(600), "EUR", 0, 0)
    assert money_headline(known).description == "plan 600; +900"
    partly = OutlookRow(2026, Decimal(1500), Decimal(600), "EUR", 1, 2)
    said = "incomplete: 1 plan lines and 2 costs without exchange rate"
    assert money_headline(partly).description == f"plan 600; +900; {said}"
    nothing = OutlookRow(2026, None, None, "EUR", 1, 0)
    assert money_headline(nothing).value == "not known"
