"""Front: opening hours and holidays."""

from tasks.connectors.front.api import full
from tasks.connectors.front.transforms import week
from tasks.entities import BUSINESS_SCHEDULE
from tasks.rest.spec import Output

STREAMS = (
    full(
        "shifts",
        "Working hours; holidays are not in the API",
        Output(BUSINESS_SCHEDULE, transform=week),
        replaces=True,
        optional=True,
    ),
)
