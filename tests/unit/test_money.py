"""Variances: the worked example, corners, and that the parts are the whole, to the last digit."""

from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning.money import Variance, Work, variances

PLAN = {
    "e-mail": Work(D(8000), D("0.25"), D(30)),
    "phone": Work(D(2000), D("0.20"), D(32)),
    "chat": Work(D(3000), D("0.15"), D(30)),
}
ACTUAL = {
    "e-mail": Work(D(8600), D("0.27"), D(30)),
    "phone": Work(D(1700), D("0.20"), D(33)),
    "chat": Work(D(3600), D("0.14"), D(30)),
}


def summed(found: dict[str, Variance], part: str) -> D:
    return sum((getattr(v, part) for v in found.values()), D(0))


def test_the_worked_example():
    found = variances(PLAN, ACTUAL)
    # V 13,000 and 13,900; a planned contact costs 86,300 / 13,000 = 6.63846
    assert [round(summed(found, p), 2) for p in ("volume", "mix", "efficiency", "rate")] == [
        D("5974.62"),
        D("-694.62"),
        D("4080.00"),
        D("340.00"),
    ]
    assert summed(found, "total") == D("9700.00")  # with 1,000 of fixed cost: 10,700


def test_cells_that_are_new_or_gone():
    one, other = Work(D(100), D(1), D(10)), Work(D(50), D(1), D(20))
    new = variances({"a": one}, {"a": one, "b": other})
    assert new["b"] == Variance(mix=D(1000))
    assert new["a"] == Variance(volume=D(500), mix=D(-500))
    gone = variances({"a": one, "b": other}, {"a": one})[
        "b"
    ]  # a third fewer contacts; what should have come of it came to a
    assert (round(gone.volume, 6), round(gone.mix, 6), gone.efficiency, gone.rate) == (
        D("-333.333333"),
        D("-666.666667"),
        0,
        0,
    )
    assert variances({}, {"b": other}) == {"b": Variance(volume=D(1000))}
    assert variances({"a": one}, {}) == {"a": Variance(volume=D(-1000))}
    assert variances({"a": one}, {"a": one})["a"].total == 0


amounts = st.integers(0, 10**7).map(lambda n: D(n) / 100)
work = st.builds(Work, st.integers(0, 10**5).map(D), amounts, amounts)
cells = st.dictionaries(st.sampled_from("abcdef"), work, max_size=6)


@given(cells, cells)
def test_plan_and_variances_make_the_actual(plan, actual):
    found = variances(plan, actual)
    difference = sum((w.cost for w in actual.values()), D(0)) - sum(
        (w.cost for w in plan.values()), D(0)
    )
    assert summed(found, "total") == pytest.approx(
        difference, abs=D("1e-9") * (1 + abs(difference))
    )
    # the same by sums over the whole, in fractions
    v_p, v_a = (Fraction(sum((w.contacts for w in m.values()), D(0))) for m in (plan, actual))
    if v_p:
        mean = Fraction(sum((w.cost for w in plan.values()), D(0))) / v_p
        assert float(summed(found, "volume")) == pytest.approx(
            float((v_a - v_p) * mean), rel=1e-9, abs=1e-6
        )
