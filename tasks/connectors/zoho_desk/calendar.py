"""Zoho Desk: opening hours and holidays."""

from tasks.connectors.zoho_desk.api import full
from tasks.connectors.zoho_desk.transforms import week
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.spec import Output
from tasks.rest.values import Item, sql

STREAMS = (
    full(
        "business_hours",
        "Business hours",
        Output(BUSINESS_SCHEDULE, transform=week),
        path="businessHours",
        replaces=True,
        optional=True,
    ),
    full(
        "holidays",
        "Holiday lists, which close every schedule",
        Output(
            HOLIDAY,
            each="holidays",
            fields={
                "schedule_id": sql("'*'"),
                "holiday_id": sql("{id} || '-' || {date}", date=Item("date")),
                "name": Item("name"),
                "first_on": Item("date"),
                "last_on": Item("date"),
            },
        ),
        path="holidayList",
        replaces=True,
        optional=True,
    ),
)
