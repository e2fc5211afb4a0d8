"""The date dimension: days with their weeks, months and work days."""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any


def date_rows(workdays: Mapping[date, bool], fiscal_month: int = 1) -> Iterator[dict[str, Any]]:
    """Rows of `core.dim_date` for the given days, whole months expected.

    The fiscal year begins in `fiscal_month`.
    """
    total: dict[date, int] = {}
    for day, works in workdays.items():
        total[day.replace(day=1)] = total.get(day.replace(day=1), 0) + works
    so_far: dict[date, int] = {}
    for day in sorted(workdays):
        month = day.replace(day=1)
        so_far[month] = so_far.get(month, 0) + workdays[day]
        year, week, weekday = day.isocalendar()
        yield {
            "day": day,
            "iso_year": year,
            "iso_week": week,
            "week_starts_on": day - timedelta(days=weekday - 1),
            "month_starts_on": month,
            "fiscal_year": day.year + (fiscal_month > 1 and day.month >= fiscal_month),
            "weekday": weekday,
            "is_workday": workdays[day],
            "workday_of_month": so_far[month],
            "workdays_in_month": total[month],
            "day_of_month": day.day,
            "days_in_month": calendar.monthrange(day.year, day.month)[1],
        }
