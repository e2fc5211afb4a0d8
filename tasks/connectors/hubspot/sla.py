"""HubSpot: SLA clocks and policies."""

from functools import partial

from tasks.rest.shapes import due_clock

sla = partial(
    due_clock,
    created="properties.createdate",
    changed="properties.hs_lastmodifieddate",
    section="details",
)

SLA_EVENTS = (
    *sla("resolution", "properties.hs_time_to_close_sla_at", "properties.closed_date"),
    *sla(
        "first_response",
        "properties.hs_time_to_first_response_sla_at",
        "properties.first_agent_reply_date",
    ),
)
