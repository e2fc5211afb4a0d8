"""Salesforce Service Cloud: pure functions from one record to rows."""

from collections.abc import Iterable
from datetime import date

from tasks.clock import minute_of_day, occurrences
from tasks.rest.spec import Record, RecordContext, Row

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def week(hours: Record, context: RecordContext) -> Iterable[Row]:
    """A row a day; the same start and end means open all day."""
    for number, day in enumerate(DAYS):
        start, end = hours.get(f"{day}StartTime"), hours.get(f"{day}EndTime")
        if start is not None and end is not None:
            low, high = minute_of_day(start), minute_of_day(end)
            yield {
                "schedule_id": hours["Id"],
                "name": hours.get("Name"),
                "time_zone": hours.get("TimeZoneSidKey"),
                "is_default": hours.get("IsDefault"),
                "starts_minute": number * 1440 + low,
                "ends_minute": number * 1440 + (high if high > low else 1440),
                "version_at": hours.get("SystemModstamp"),
            }


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

NTH = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}

RECURS = {
    "RecursDaily": "day",
    "RecursEveryWeekday": "week",
    "RecursWeekly": "week",
    "RecursMonthly": "month",
    "RecursMonthlyNth": "month",
    "RecursYearly": "year",
    "RecursYearlyNth": "year",
}


EVERY_SCHEDULE = "*"


def holiday(record: Record, context: RecordContext) -> Iterable[Row]:
    """A row an occurrence and schedule; minutes are those of the part of the day that is closed.

    The API does not say which schedules a holiday closes: the setting `holiday_schedules` does, by
    the holiday's name or id; else it closes all. The mask of weekdays has Sunday as 1, Monday as 2.
    """
    given = context.settings.get("holiday_schedules") or {}
    schedules = given.get(record["Name"], given.get(record["Id"], [EVERY_SCHEDULE]))
    days = (
        [date.fromisoformat(record["ActivityDate"])]
        if not record["IsRecurrence"]
        else occurrences(
            date.fromisoformat(record["RecurrenceStartDate"]),
            (
                date.fromisoformat(record["RecurrenceEndDateOnly"])
                if record["RecurrenceEndDateOnly"]
                else None
            ),
            every=RECURS[record["RecurrenceType"]],
            interval=record["RecurrenceInterval"] or 1,
            day=record["RecurrenceDayOfMonth"],
            month=(
                MONTHS.index(record["RecurrenceMonthOfYear"]) + 1
                if record["RecurrenceMonthOfYear"]
                else None
            ),
            nth=NTH.get(record["RecurrenceInstance"]),
            weekdays=[
                (bit - 1) % 7
                for bit in range(7)
                if (record["RecurrenceDayOfWeekMask"] or 0) >> bit & 1
            ],
        )
    )
    yield from (
        {
            "schedule_id": schedule,
            "holiday_id": f"{record['Id']}-{day}" if record["IsRecurrence"] else record["Id"],
            "name": record["Name"],
            "first_on": str(day),
            "last_on": str(day),
            "from_minute": None if record["IsAllDay"] else record["StartTimeInMinutes"],
            "to_minute": None if record["IsAllDay"] else record["EndTimeInMinutes"],
            "version_at": None,
        }
        for day in days
        for schedule in schedules
    )
