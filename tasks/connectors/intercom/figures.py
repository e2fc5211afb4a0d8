"""Intercom: figures that it publishes itself.

`time_to_*` are seconds within office hours; times around the clock are those between instants.
A conversation that is open again keeps its last close, which is no resolution then.
"""

from tasks.rest.shapes import Figure, published
from tasks.rest.values import epoch


def since_creation(measure: str, name: str, state: str = "true") -> Figure:
    """Seconds from the creation to an instant, while a condition holds."""
    seconds = f"cast({{statistics.{name}}} as double) - cast({{created_at}} as double)"
    return Figure(measure, f"case when {state} then {seconds} end", "seconds", "calendar")


def in_hours(measure: str, name: str, state: str = "true") -> Figure:
    """Seconds within office hours, while a condition holds."""
    seconds = f"case when {state} then {{statistics.{name}}} end"
    return Figure(measure, seconds, "seconds", "business")


CLOSED = "{state} = 'closed'"
MET = "case {sla_applied.sla_status} when 'hit' then 1 when 'missed' then 0 end"
RATED = "(cast({conversation_rating.rating} as double) - 1) / 4"

FIGURES = published(
    since_creation("first_reply", "first_admin_reply_at"),
    in_hours("first_reply", "time_to_admin_reply"),
    since_creation("first_resolution", "first_close_at"),
    in_hours("first_resolution", "time_to_first_close"),
    since_creation("resolution", "last_close_at", CLOSED),
    in_hours("resolution", "time_to_last_close", CLOSED),
    Figure("reopens", "{statistics.count_reopens}", "count"),
    Figure("sla", MET, "verdict"),
    Figure("survey_score", RATED, "share"),
    section="conversation",
    version=epoch("updated_at"),
)
