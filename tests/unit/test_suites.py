"""Rules that are settled without Great Expectations are settled as it would settle them."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from tasks.entities import ARROW, ENTITIES
from tasks.quality.column_checks import is_surely_met
from tasks.quality.rules import Rule, columns_of, rules_of
from tasks.quality.suites import COUNTS, check, judge
from tasks.sqlmodels.catalog import models

KINDS = {
    **{(e.name, c.name): c.kind for e in ENTITIES.values() for c in e.columns},
    **{
        (m.name, c.name): c.kind
        for m in models().values()
        if m.schema == "marts"
        for c in m.columns
    },
}
SUBJECTS = sorted({subject for subject, _ in KINDS if columns_of(subject)})
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def value(kind: str, pick: random.Random):
    instant = NOW + timedelta(days=pick.randint(-20000, 900))
    return {
        "text": pick.choice(["", "open", "x" * 40]),
        "number": pick.choice([-1.0, 0.0, 0.5, 1e9, float("nan")]),
        "money": Decimal(pick.randint(-5, 5)),
        "whole": pick.choice([-1, 0, 7, 10**9]),
        "flag": pick.random() < 0.5,
        "instant": instant,
        "day": instant.date(),
    }[kind]


def drawn(subject: str, pick: random.Random) -> pa.Table:
    """Three rows in which a column has values, some, or none."""
    columns = {}
    for name in columns_of(subject):
        kind, share = KINDS[subject, name], pick.choice([0.0, 0.5, 1.0])
        values = [value(kind, pick) if pick.random() < share else None for _ in range(3)]
        columns[name] = pa.array(values, ARROW[kind])
    return pa.table(columns)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_rule_surely_met_is_met(subject: str):
    pick = random.Random(subject)
    for _ in range(3):
        table = drawn(subject, pick)
        seen = [rule for rule in rules_of(subject) if is_surely_met(rule, table)]
        judged = judge(subject, seen, table, COUNTS)
        assert [rule.name for rule in seen if not judged[rule.number].success] == []


BOUNDED = [
    (subject, rule)
    for subject in SUBJECTS
    for rule in rules_of(subject)
    if rule.type == "expect_column_values_to_be_between"
]


@pytest.mark.parametrize(
    ("subject", "rule"), BOUNDED, ids=lambda x: x if isinstance(x, str) else x.name
)
def test_bounds_are_what_great_expectations_takes_them_for(subject: str, rule: Rule):
    name, low, high = (rule.kwargs.get(key) for key in ("column", "min_value", "max_value"))
    kind = KINDS[subject, name]
    typed = {
        "number": float,
        "money": lambda bound: Decimal(str(bound)),
        "whole": int,
        "instant": datetime.fromisoformat,
    }[kind]
    step = timedelta(seconds=1) if kind == "instant" else typed(1)
    least = typed(high) - step if low is None else typed(low)
    most = typed(low) + step if high is None else typed(high)
    inside = [least, most, None]
    outside = [
        *([[least - step, *inside]] if low is not None else []),
        *([[*inside, most + step]] if high is not None else []),
    ]
    for values, is_met in ((inside, True), *((row, False) for row in outside)):
        table = pa.table({name: pa.array(values, ARROW[kind])})
        judged = judge(subject, [rule], table, COUNTS)[rule.number].success
        assert is_surely_met(rule, table) == judged == (is_met and "strict_min" not in rule.kwargs)


def test_no_rule_that_is_broken_is_surely_met():
    rows = pa.table(
        {
            "ticket_id": ["1", None],
            "status": ["open", "open"],
            "created_at": [NOW, NOW],
            "solved_at": pa.array([None, NOW - timedelta(days=1)], pa.timestamp("us", "UTC")),
        }
    )
    verdict = check("ticket", rows)
    assert {r.rule: r.unexpected_count for r in verdict.results if not r.is_met} == {
        "column_values_to_not_be_null(ticket_id)": 1,
        "column_pair_values_a_to_be_greater_than_b(solved_at, created_at)": 1,
    }
    assert verdict.bad == {1: ("column_values_to_not_be_null(ticket_id)", "ticket_id is missing")}


def test_not_a_number_is_no_value():
    rule = Rule("expect_column_values_to_not_be_null", {"column": "x"})
    assert is_surely_met(rule, pa.table({"x": [1]}))
    assert not is_surely_met(rule, pa.table({"x": [float("nan")]}))
    bounded = Rule("expect_column_values_to_be_between", {"column": "x", "min_value": 0})
    assert is_surely_met(bounded, pa.table({"x": [1.0, None]}))
    assert not is_surely_met(bounded, pa.table({"x": [1.0, float("nan")]}))
    assert not is_surely_met(bounded, pa.table({"x": ["1"]}))
