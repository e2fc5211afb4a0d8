"""Freshdesk: SLA clocks and policies."""

from functools import partial

from tasks.connectors.freshdesk.api import full
from tasks.connectors.freshdesk.transforms import targets
from tasks.entities import SLA_POLICY
from tasks.rest.shapes import due_clock
from tasks.rest.spec import Output

clock = partial(due_clock, created="created_at", changed="updated_at")

SLA_EVENTS = (
    *clock("first_response", "fr_due_by", "stats.first_responded_at"),
    *clock("resolution", "due_by", "stats.resolved_at"),
)

STREAMS = (
    full(
        "sla_policies",
        "SLA targets by priority",
        Output(SLA_POLICY, transform=targets),
        replaces=True,
        optional=True,
    ),
)
