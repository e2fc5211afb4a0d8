"""Files: opening hours and holidays."""

from tasks.connectors.files.api import table
from tasks.entities import SHIFT, SPECIAL_DAY
from tasks.rest.values import sql

STREAMS = (
    table("shifts", "Planned shifts", SHIFT),
    table(
        "special_days",
        "Days on which more or fewer customers write",
        SPECIAL_DAY,
        team=sql("coalesce({team}, 'all')"),
    ),
)
