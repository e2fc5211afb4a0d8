"""Salesforce Service Cloud: opening hours and holidays."""

from tasks.connectors.salesforce.api import full
from tasks.connectors.salesforce.transforms import DAYS, holiday, week
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.spec import Output

STREAMS = (
    full(
        "business_hours",
        "Business hours",
        "SELECT Id, Name, IsDefault, TimeZoneSidKey, SystemModstamp, "
        + ", ".join(f"{d}StartTime, {d}EndTime" for d in DAYS)
        + " FROM BusinessHours WHERE IsActive = true",
        (Output(BUSINESS_SCHEDULE, transform=week),),
        replaces=True,
    ),
    full(
        "holidays",
        "Holidays; they close the schedules of holiday_schedules, else every one",
        "SELECT Id, Name, ActivityDate, IsAllDay, StartTimeInMinutes, EndTimeInMinutes,"
        " IsRecurrence, RecurrenceType,"
        " RecurrenceInterval, RecurrenceStartDate, RecurrenceEndDateOnly, RecurrenceDayOfMonth,"
        " RecurrenceMonthOfYear, RecurrenceInstance, RecurrenceDayOfWeekMask FROM Holiday",
        (Output(HOLIDAY, transform=holiday),),
        replaces=True,
    ),
)
