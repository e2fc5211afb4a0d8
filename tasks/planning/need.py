"""From expected contacts to people: live channels by queueing, others by backlog, and what both
come to per day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tasks.planning import deferred, queueing

Floats = NDArray[np.float64]

# people of small queues share their day with others, so needs are counted in tenths and rounded up
# at the end
STEP = 0.1
_REPLICAS = 15


@dataclass(frozen=True, slots=True)
class ServiceTargets:
    """What is promised to customers, and what an agent's paid time is worth."""

    live: queueing.Target
    patience: float
    concurrency: int
    deferred_share: float
    deferred_seconds: float
    occupancy: float  # of people on deferred work
    shrinkage: float
    paid_hours: float

    def heads(self, agents: float) -> float:
        """Heads to schedule so that so many work, unrounded."""
        return agents / (1 - self.shrinkage)

    def fte(self, agent_hours: float) -> float:
        """Full-time agents of a day for so many hours of presence, unrounded."""
        return agent_hours / (1 - self.shrinkage) / self.paid_hours


@dataclass(frozen=True, slots=True)
class Opening:
    """When an account is open: instants (seconds since 1970) at which it opens and closes, in
    order.
    """

    spans: tuple[tuple[float, float], ...]

    def share(self, starts: Sequence[datetime], seconds: float) -> Floats:
        """Open part of each interval."""
        at = np.array([s.timestamp() for s in starts])
        if not self.spans:
            return np.zeros(len(at))
        edges = np.array(self.spans, dtype=np.float64)
        lengths = np.concatenate([[0.0], np.cumsum(edges[:, 1] - edges[:, 0])])

        def opened(moment: Floats) -> Floats:
            return np.asarray(np.interp(moment, edges.ravel(), np.repeat(lengths, 2)[1:-1]))

        return (opened(at + seconds) - opened(at)) / seconds


@dataclass(frozen=True, slots=True)
class LiveNeed:
    """Per interval: agents (chats: slots over concurrency), why so many, and what they reach."""

    agents: NDArray[np.int64]
    because: NDArray[np.str_]
    reached: queueing.Performance


def live(
    contacts: Floats,
    handle: Floats,
    concurrent: NDArray[np.bool_],
    seconds: float,
    service_targets: ServiceTargets,
) -> LiveNeed:
    """Agents for `contacts` in intervals of `seconds`; `concurrent` marks chats, of which one agent
    holds several.
    """
    load = contacts * handle / seconds
    slots = queueing.required(load, handle, service_targets.live, service_targets.patience)
    held = np.where(concurrent, service_targets.concurrency, 1)
    agents = -(-slots.agents // held)
    reached = queueing.performance(
        agents * held, load, handle, service_targets.live.seconds, service_targets.patience
    )
    return LiveNeed(agents, slots.because, reached)


def later(
    contacts: Floats,
    open_share: Floats,
    handle: float,
    seconds: float,
    service_targets: ServiceTargets,
    spare: Floats,
) -> deferred.Need:
    """Agents in every open interval for contacts that are answered later, beside `spare` ones idle
    on live channels.
    """
    due = deferred.due_places(open_share, seconds, service_targets.deferred_seconds, business=True)
    work = deferred.Work(
        contacts, open_share, due, seconds, handle, service_targets.occupancy, spare=spare
    )
    return deferred.required(work, service_targets.deferred_share, _REPLICAS, step=STEP)
