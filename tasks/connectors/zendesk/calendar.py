"""Zendesk Support: opening hours and holidays."""

from tasks.connectors.zendesk.api import full
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.spec import ChildStream, Output, Request
from tasks.rest.values import Item, ListPosition, Partition

STREAMS = (
    full(
        "schedules",
        "Business schedules and their holidays",
        Output(
            BUSINESS_SCHEDULE,
            each="intervals",
            fields={
                "schedule_id": "id",
                "name": "name",
                "time_zone": "time_zone",
                "starts_minute": Item("start_time"),
                "ends_minute": Item("end_time"),
                "position": ListPosition(),
            },
        ),
        Output(
            HOLIDAY,
            section="holidays",
            fields={
                "schedule_id": Partition(),
                "holiday_id": "id",
                "name": "name",
                "first_on": "start_date",
                "last_on": "end_date",
            },
        ),
        path="business_hours/schedules.json",
        replaces=True,
        optional=True,
        child_streams=(
            ChildStream(
                "holidays",
                lambda ids: Request(f"/api/v2/business_hours/schedules/{ids[0]}/holidays.json"),
                key="id",
                records="holidays",
            ),
        ),
    ),
)
