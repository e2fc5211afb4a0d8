"""People needed for deferred work (e-mail, tickets): workload over productive time.

    workload hours     = tickets x handle minutes / 60
    productive minutes = paid hours x 60 x (1 - shrinkage) x occupancy
    required FTE       = tickets x handle minutes / productive minutes

Right on average over a day whose work is done on the day; it says nothing about waiting times
(queueing models do).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a paid agent-day is worth. Shares are 0 to 1; shrinkage below 1, occupancy above 0."""

    handle_minutes: float
    paid_hours_per_day: float
    shrinkage_share: float
    occupancy_share: float

    @property
    def productive_minutes(self) -> float:
        """Minutes a paid agent-day has for tickets."""
        return self.paid_hours_per_day * 60 * (1 - self.shrinkage_share) * self.occupancy_share

    def workload_hours(self, tickets: float) -> float:
        """Hours of work in so many tickets."""
        return tickets * self.handle_minutes / 60

    def required_fte(self, tickets: float) -> float:
        """Full-time agents for so many tickets a day, unrounded: round up only after summing."""
        return tickets * self.handle_minutes / self.productive_minutes
