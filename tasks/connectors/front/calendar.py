"""Front: opening hours. Business hours are not in the API; shifts stand for them."""

from tasks.connectors.front.api import full
from tasks.connectors.front.transforms import weeks
from tasks.entities import BUSINESS_SCHEDULE
from tasks.rest.spec import Output
from tasks.rest.values import WholeBody

STREAMS = (
    full(
        "shifts",
        "Hours in which each workspace is staffed, from its shifts",
        Output(BUSINESS_SCHEDULE, transform=weeks),
        records=WholeBody(),
        replaces=True,
        optional=True,
    ),
)
