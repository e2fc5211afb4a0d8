"""Zoho Desk: opening hours and holidays."""

from tasks.connectors.zoho_desk.api import API, full
from tasks.connectors.zoho_desk.transforms import closed_days, week
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY
from tasks.rest.paging import Offset
from tasks.rest.spec import ChildStream, Output, Request
from tasks.rest.values import WholeBody

FIFTY = Offset("from", "limit", 50)  # the most that these lists give

STREAMS = (
    full(
        "business_hours",
        "Business hours that are active, with their breaks",
        Output(BUSINESS_SCHEDULE, transform=week),
        path="businessHours",
        paging=FIFTY,
        replaces=True,
        optional=True,
    ),
    full(
        "holidays",
        "Holiday lists that are active, for the business hours that each closes",
        Output(HOLIDAY, section="list", transform=closed_days),
        path="holidayList",
        paging=FIFTY,
        replaces=True,
        optional=True,
        child_streams=(
            ChildStream(
                "list",
                lambda ids: Request(f"{API}/holidayList/{ids[0]}"),
                key="id",
                records=WholeBody(),
            ),
        ),
    ),
)
