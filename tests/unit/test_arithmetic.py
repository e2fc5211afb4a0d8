"""Staffing, forecast and calendar arithmetic."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.forecasting.volume import forecast
from tasks.planning.calendar import date_rows
from tasks.planning.staffing import Assumptions

USUAL = Assumptions(handle_minutes=18, paid_hours_per_day=8, shrinkage_share=0.30, occupancy_share=0.85)


def test_a_case_worked_out_by_hand():
    # 8 h x 60 x 0.70 x 0.85 = 285.6 productive minutes; 100 tickets x 18 min = 1,800 min = 30 h; 1,800 / 285.6 = 6.3025
    assert USUAL.productive_minutes == pytest.approx(285.6)
    assert USUAL.workload_hours(100) == 30
    assert USUAL.required_fte(100) == pytest.approx(6.302521)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 0.9), st.floats(0.1, 1))
def test_more_tickets_or_more_shrinkage_never_need_fewer_people(a, b, shrinkage, occupancy):
    one = Assumptions(18, 8, shrinkage, occupancy)
    assert one.required_fte(max(a, b)) >= one.required_fte(min(a, b))
    assert Assumptions(18, 8, min(0.95, shrinkage + 0.04), occupancy).required_fte(a) >= one.required_fte(a)
    assert one.required_fte(a + b) == pytest.approx(one.required_fte(a) + one.required_fte(b))


def history(values, first=date(2026, 1, 1)):
    return [(first + timedelta(days=i), float(v)) for i, v in enumerate(values)]


def weekly(days: int) -> list[int]:
    return [(30, 28, 26, 25, 22, 6, 4)[i % 7] + i % 3 for i in range(days)]


@pytest.mark.parametrize(("days", "model"), [(300, "auto_ets"), (60, "seasonal_naive"), (9, "mean")])
def test_the_model_follows_the_length_of_history(days, model):
    rows = forecast({"q": history(weekly(days))}, horizon=28)
    assert [r.lead_days for r in rows] == list(range(1, 29))
    assert {r.model for r in rows} == {model}
    assert rows[0].day == date(2026, 1, 1) + timedelta(days=days)
    for r in rows:
        assert 0 <= r.low_95 <= r.low_80 <= r.high_80 <= r.high_95


def test_a_weekly_pattern_is_found():
    rows = forecast({"q": history(weekly(300))}, horizon=28)
    truth = weekly(328)[300:]
    assert sum(abs(r.mean - t) for r, t in zip(rows, truth, strict=True)) / sum(truth) < 0.1
    assert rows[0].backtest_wape < 0.1


def test_an_unknown_day_is_not_a_zero():
    with pytest.raises(ValueError, match="jumps"):
        forecast({"q": [(date(2026, 1, 1), 1.0), (date(2026, 1, 3), 1.0)]}, horizon=7)
    with pytest.raises(ValueError, match="negative or missing"):
        forecast({"q": history([1, -2])}, horizon=7)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=60), st.integers(1, 30))
def test_any_short_history_gives_ordered_bounds_that_are_never_negative(values, horizon):
    for r in forecast({"q": history(values)}, horizon=horizon):
        assert 0 <= r.low_95 <= r.low_80 <= r.high_80 <= r.high_95


def test_work_days_are_counted_within_the_month():
    first, last = date(2026, 2, 1), date(2026, 3, 31)
    days = {first + timedelta(days=i): (first + timedelta(days=i)).weekday() < 5 for i in range((last - first).days + 1)}
    rows = {r["day"]: r for r in date_rows(days)}
    assert rows[date(2026, 2, 6)]["workday_of_month"] == 5
    assert rows[date(2026, 2, 6)]["workdays_in_month"] == 20
    assert rows[date(2026, 2, 8)]["week_starts_on"] == date(2026, 2, 2)
    assert rows[date(2026, 3, 1)]["workday_of_month"] == 0
