"""The date dimension: days with their weeks, months and work days."""

import calendar
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class KnownDay:
    """A day: `staging.known_day`."""

    day: date
    iso_year: int
    iso_week: int
    week_starts_on: date
    month_starts_on: date
    fiscal_year: int
    weekday: int
    is_workday: bool
    workday_of_month: int
    workdays_in_month: int
    day_of_month: int
    days_in_month: int


def date_rows(workdays: Mapping[date, bool], fiscal_month: int = 1) -> Iterator[KnownDay]:
    """Rows of `staging.known_day` for the given days, whole months expected.

    The fiscal year begins in `fiscal_month`, and has the name of the year in which it ends.
    """
    in_month = Counter(day.replace(day=1) for day, is_workday in workdays.items() if is_workday)
    so_far: Counter[date] = Counter()
    for day in sorted(workdays):
        month = day.replace(day=1)
        so_far[month] += workdays[day]
        year, week, weekday = day.isocalendar()
        yield KnownDay(
            day=day,
            iso_year=year,
            iso_week=week,
            week_starts_on=day - timedelta(days=weekday - 1),
            month_starts_on=month,
            fiscal_year=day.year + (fiscal_month > 1 and day.month >= fiscal_month),
            weekday=weekday,
            is_workday=workdays[day],
            workday_of_month=so_far[month],
            workdays_in_month=in_month[month],
            day_of_month=day.day,
            days_in_month=calendar.monthrange(day.year, day.month)[1],
        )
