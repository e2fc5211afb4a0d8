"""Freshdesk: opening hours and holidays."""

from tasks.connectors.freshdesk.api import full
from tasks.connectors.freshdesk.transforms import week
from tasks.entities import BUSINESS_SCHEDULE
from tasks.rest.spec import Output

STREAMS = (
    full(
        "business_hours",
        "Business hours; holidays are not in the API",
        Output(BUSINESS_SCHEDULE, transform=week),
        replaces=True,
        optional=True,
    ),
)
