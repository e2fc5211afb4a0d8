"""Staffing and calendar arithmetic."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.planning.calendar import date_rows
from tasks.planning.workload import Workload

USUAL = Workload(
    handle_minutes=18, paid_hours_per_day=8, shrinkage_share=0.30, occupancy_share=0.85
)


def test_a_case_worked_out_by_hand():
    # 8 h x 60 x 0.70 x 0.85 = 285.6 productive minutes; 100 tickets x 18 min = 1,800 min = 30 h;
    # 1,800 / 285.6 = 6.3025
    assert USUAL.productive_minutes == pytest.approx(285.6)
    assert USUAL.hours(100) == 30
    assert USUAL.required_fte(100) == pytest.approx(6.302521)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 0.9), st.floats(0.1, 1))
def test_more_tickets_or_more_shrinkage_never_need_fewer_people(a, b, shrinkage, occupancy):
    one = Workload(18, 8, shrinkage, occupancy)
    assert one.required_fte(max(a, b)) >= one.required_fte(min(a, b))
    assert Workload(18, 8, min(0.95, shrinkage + 0.04), occupancy).required_fte(
        a
    ) >= one.required_fte(a)
    assert one.required_fte(a + b) == pytest.approx(one.required_fte(a) + one.required_fte(b))


def test_work_days_are_counted_within_the_month():
    first, last = date(2026, 2, 1), date(2026, 3, 31)
    days = {
        first + timedelta(days=i): (first + timedelta(days=i)).weekday() < 5
        for i in range((last - first).days + 1)
    }
    rows = {row.day: row for row in date_rows(days)}
    assert rows[date(2026, 2, 6)].workday_of_month == 5
    assert rows[date(2026, 2, 6)].workdays_in_month == 20
    assert rows[date(2026, 2, 8)].week_starts_on == date(2026, 2, 2)
    assert rows[date(2026, 3, 1)].workday_of_month == 0
