"""Files: opening hours, holidays, shifts and special days."""

from tasks.connectors.files.api import table
from tasks.entities import BUSINESS_SCHEDULE, HOLIDAY, SHIFT, SPECIAL_DAY

STREAMS = (
    table("business_schedules", "Opening hours by week", BUSINESS_SCHEDULE),
    table("holidays", "Days on which schedules are closed", HOLIDAY),
    table("shifts", "Planned shifts", SHIFT),
    table(
        "special_days",
        "Days on which more or fewer customers write",
        SPECIAL_DAY,
        defaults={"team": "all"},
    ),
)
