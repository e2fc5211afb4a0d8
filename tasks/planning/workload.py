"""People needed for deferred work (e-mail, tickets) by workload over productive time.

    workload hours     = tickets x handle minutes / 60
    productive minutes = paid hours x 60 x (1 - shrinkage) x occupancy
    required FTE       = tickets x handle minutes / productive minutes

Right on average over a day whose work is done on that day. It says nothing about waiting times;
queueing models do.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workload:
    """What a paid agent-day is worth. Shares are 0 to 1; shrinkage below 1, occupancy above 0."""

    handle_minutes: float
    paid_hours_per_day: float
    shrinkage_share: float
    occupancy_share: float

    @property
    def productive_minutes(self) -> float:
        """Minutes for tickets in a paid agent-day."""
        available_share = 1 - self.shrinkage_share
        return self.paid_hours_per_day * 60 * available_share * self.occupancy_share

    def hours(self, tickets: float) -> float:
        """Hours of work in this many tickets."""
        return tickets * self.handle_minutes / 60

    def required_fte(self, tickets: float) -> float:
        """Full-time agents for this many tickets a day, unrounded: round up only after summing."""
        return tickets * self.handle_minutes / self.productive_minutes
