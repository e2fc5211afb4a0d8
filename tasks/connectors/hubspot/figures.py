"""HubSpot: figures that it publishes itself, in milliseconds.

The states of an SLA are 0 active, 1 overdue, 2 due soon, 3 completed on time, 4 completed late.
"""

from tasks.rest.shapes import Figure, published

PROPERTIES = (
    "hs_time_to_first_response_in_operating_hours",
    "hs_time_to_close_in_operating_hours",
    "hs_time_to_first_response_sla_status",
    "hs_time_to_close_sla_status",
)


def time(measure: str, name: str, calendar: str) -> Figure:
    """A time in milliseconds."""
    return Figure(measure, f"{{properties.{name}}}", "milliseconds", calendar)


def verdict(measure: str, name: str) -> Figure:
    """Whether an SLA was met; null while that is open."""
    state = f"cast({{properties.{name}}} as varchar)"
    met = f"case when {state} = '3' then 1 when {state} in ('1', '4') then 0 end"
    return Figure(measure, met, "verdict")


FIGURES = published(
    time("first_reply", "time_to_first_agent_reply", "calendar"),
    time("first_reply", "hs_time_to_first_response_in_operating_hours", "business"),
    time("resolution", "time_to_close", "calendar"),
    time("resolution", "hs_time_to_close_in_operating_hours", "business"),
    verdict("sla_first_reply", "hs_time_to_first_response_sla_status"),
    verdict("sla_resolution", "hs_time_to_close_sla_status"),
    section="details",
    version="properties.hs_lastmodifieddate",
)
