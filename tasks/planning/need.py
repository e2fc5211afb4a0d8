"""From expected contacts to agents: live channels by queueing, the others by their backlog."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tasks.planning import deferred, queueing

Floats = NDArray[np.float64]

# people of small queues share their day with others: needs are counted in tenths, rounded up later
STEP = 0.1
_REPLICAS = 15


@dataclass(frozen=True, slots=True)
class ServiceTargets:
    """Service promised to customers, and what an agent's paid time is worth.

    Shares are 0 to 1; `patience` and `deferred_seconds` are seconds, `paid_hours` hours a day,
    `spread` the standard deviation of handle times over their mean.
    """

    live: queueing.Target
    patience: float
    concurrency: int
    deferred_share: float
    deferred_seconds: float
    occupancy: float  # of people on deferred work
    shrinkage: float
    paid_hours: float
    spread: float

    def headcount(self, agents: float) -> float:
        """People to schedule so that `agents` are at work, unrounded."""
        return agents / (1 - self.shrinkage)


@dataclass(frozen=True, slots=True)
class Opening:
    """Open spans of an account: (opens, closes) in seconds since 1970, in order."""

    spans: tuple[tuple[float, float], ...]

    def share(self, starts: Sequence[datetime], seconds: float) -> Floats:
        """Open share (0 to 1) of each interval of `seconds` that begins at `starts`."""
        begins = np.array([start.timestamp() for start in starts])
        if not self.spans:
            return np.zeros(len(begins))
        edges = np.array(self.spans, dtype=np.float64)
        lengths = edges[:, 1] - edges[:, 0]
        total = np.concatenate([[0.0], np.cumsum(lengths)])
        open_at_edge = np.repeat(total, 2)[1:-1]

        def open_before(moment: Floats) -> Floats:
            return np.asarray(np.interp(moment, edges.ravel(), open_at_edge))

        return (open_before(begins + seconds) - open_before(begins)) / seconds


@dataclass(frozen=True, slots=True)
class LiveNeed:
    """Per interval: agents (chats: slots over concurrency), the binding target, and the service."""

    agents: NDArray[np.int64]
    because: NDArray[np.str_]
    reached: queueing.Performance


def live_need(
    contacts: Floats,
    handle: Floats,
    is_chat: NDArray[np.bool_],
    seconds: float,
    targets: ServiceTargets,
) -> LiveNeed:
    """Agents for `contacts` in intervals of `seconds`; an agent holds several chats at once."""
    load = contacts * handle / seconds
    slots = queueing.required(load, handle, targets.live, targets.patience)
    held = np.where(is_chat, targets.concurrency, 1)
    agents = -(-slots.agents // held)  # rounded up
    reached = queueing.performance(
        agents * held, load, handle, targets.live.seconds, targets.patience
    )
    return LiveNeed(agents, slots.because, reached)


@dataclass(frozen=True, slots=True)
class DeferredWork:
    """Contacts by interval that are answered later, and how long one takes (`handle`, seconds).

    `waiting` contacts are there at the beginning. `idle` agents of live channels help.
    """

    contacts: Floats
    handle: float
    waiting: float
    idle: Floats


def deferred_need(
    work: DeferredWork, open_share: Floats, seconds: float, targets: ServiceTargets
) -> deferred.Need:
    """Agents in every open interval of `seconds` for contacts that are answered later."""
    due = deferred.due_places(open_share, seconds, targets.deferred_seconds, business=True)
    one = deferred.Work(
        arrivals=work.contacts,
        open_share=open_share,
        due=due,
        seconds=seconds,
        handle=work.handle,
        productive_share=targets.occupancy,
        backlog=work.waiting,
        idle=work.idle,
        spread=targets.spread,
    )
    return deferred.required(one, targets.deferred_share, _REPLICAS, step=STEP)
