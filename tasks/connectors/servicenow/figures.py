"""ServiceNow: figures that it publishes itself: counts, resolve times in seconds, SLA met or not.

`made_sla` is true until a clock breaches, so it is a verdict on a resolved record only.
`reassignment_count` counts groups on some instances and people on others; it is not compared.
"""

from tasks.rest.shapes import Figure, published
from tasks.rest.spec import Output

FIELDS = "calendar_stc,business_stc"

RESOLVED = "nullif(cast({resolved_at} as varchar), '') is not null"


def resolve_time(name: str, calendar: str) -> Figure:
    """Seconds to the resolution, once there is one."""
    return Figure("resolution", f"case when {RESOLVED} then {{{name}}} end", "seconds", calendar)


MADE_SLA = f"case when {RESOLVED} then cast(cast({{made_sla}} as boolean) as integer) end"

INCIDENT = (resolve_time("calendar_stc", "calendar"), resolve_time("business_stc", "business"))


def figures(*times: Figure) -> Output:
    """What incidents and cases publish, and times that only incidents have."""
    return published(
        *times,
        Figure("reopens", "{reopen_count}", "count"),
        Figure("sla", MADE_SLA, "verdict"),
        ticket_id="sys_id",
        version="sys_updated_on",
    )
