"""Intercom: opening hours and holidays."""

from tasks.connectors.intercom.api import full
from tasks.connectors.intercom.transforms import always_open, exceptions
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.spec import ChildStream, Output, Request
from tasks.rest.values import Item, epoch, sql

DAY_OF_WEEK, START = Item("day_of_week"), Item("start_minute")

START_OF_DAY = "(cast({day} as int) + 1) % 7 * 1440"  # the vendor's 0 is Monday, ours Sunday

OPENS = "cast({start} as int)"

STREAMS = (
    full(
        "office_hours",
        "Office hours and their exceptions",
        Output(
            BUSINESS_SCHEDULE,
            each="time_intervals",
            filter=sql("not coalesce(cast({twenty_four_seven} as boolean), false)"),
            fields={
                "schedule_id": "id",
                "name": "name",
                "time_zone": "time_zone_name",
                "version_at": epoch("updated_at"),
                "starts_minute": sql(
                    f"{START_OF_DAY} + {OPENS} % 1440", day=DAY_OF_WEEK, start=START
                ),
                "ends_minute": sql(
                    f"{START_OF_DAY} + {OPENS} % 1440 + cast({{end}} as int) - {OPENS}",
                    day=DAY_OF_WEEK,
                    start=START,
                    end=Item("end_minute"),
                ),
            },
        ),
        Output(BUSINESS_SCHEDULE, transform=always_open),
        Output(HOLIDAY, section="exceptions", transform=exceptions),
        path="office_hours_schedules",
        records="data",
        replaces=True,
        optional=True,
        child_streams=(
            ChildStream(
                "exceptions",
                lambda ids: Request(f"/office_hours_schedules/{ids[0]}/office_hours_exceptions"),
                key="id",
                records="data",
            ),
        ),
    ),
)
