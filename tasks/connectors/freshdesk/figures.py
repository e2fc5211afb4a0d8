"""Freshdesk: figures that it publishes itself: instants of a ticket's `stats`, and escalations.

`fr_escalated` marks a first response that was late. Where it is false, no verdict follows, since
an escalation is sent only where the policy has one. `is_escalated` may have any cause.
"""

from tasks.rest.shapes import Figure, published


def between(measure: str, at: str) -> Figure:
    """Seconds from the creation to an instant."""
    start, end = (f"epoch(cast({x} as timestamptz))" for x in ("{created_at}", at))
    return Figure(measure, f"{end} - {start}", "seconds", "calendar")


FIGURES = published(
    between("first_reply", "{stats.first_responded_at}"),
    between("resolution", "coalesce({stats.resolved_at}, {stats.closed_at})"),
    Figure("sla_first_reply", "case when cast({fr_escalated} as boolean) then 0 end", "verdict"),
    version="updated_at",
)
