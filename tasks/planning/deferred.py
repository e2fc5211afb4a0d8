"""Deferred work (e-mail, tickets, social): people by backlog and reply-time target, not by a
queueing formula.

Work arrives in every interval, also at night, and is done first come, first served in the intervals
that are open:

backlog at the end = max(0, backlog + arrivals x handle - agents x productive seconds)

Work that arrives at an instant is done when the capacity since then reaches what was waiting then.
Arrivals are simulated (Poisson, seeded), because a mean alone hides the bad days. Handle time
counts against the target: the clock stops when the answer is sent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_REPLICAS = 40
_SEED = 11


@dataclass(frozen=True, slots=True)
class Work:
    """Intervals of equal length, in order.

    `arrivals`: contacts expected; `open_share`: part of the interval that is open, 0 to 1; `due`:
    place, in intervals from the first one, by which work that arrived in the middle of each has to
    be answered (in business or calendar time, as the target has it; infinite where beyond the end).
    `seconds` is the length.
    """

    arrivals: Floats
    open_share: Floats
    due: Floats
    seconds: float
    handle: float
    productive_share: float = 1.0
    backlog: float = 0.0  # contacts waiting at the begin
    spare: Floats | None = (
        None  # agents on live channels who have nothing to do there and help, by interval
    )

    def capacity(self, agents: float) -> Floats:
        """Seconds of work that can be done in each interval."""
        helping = np.zeros(len(self.arrivals)) if self.spare is None else self.spare
        return np.asarray(
            (agents * self.open_share + helping) * self.seconds * self.productive_share
        )

    @property
    def least_agents(self) -> float:
        """Agents below which the backlog grows for ever: the work that is left over open time."""
        opened = self.open_share.sum() * self.seconds * self.productive_share
        left = self.arrivals.sum() * self.handle - self.capacity(0).sum()
        return float(max(left, 0) / opened) if opened else np.inf


@dataclass(frozen=True, slots=True)
class Outcome:
    """Means over the simulations: `in_target` share of contacts answered in time, `backlog`
    contacts at each end.
    """

    in_target: float
    backlog: Floats
    in_target_by_interval: Floats
    occupancy: float


@dataclass(frozen=True, slots=True)
class Need:
    """`agents` in every open interval; not feasible: even without limit only `best_share` can be
    answered in time.
    """

    agents: float
    outcome: Outcome
    feasible: bool
    best_share: float


def simulate(work: Work, agents: float, replicas: int = _REPLICAS, seed: int = _SEED) -> Outcome:
    """What so many agents reach."""
    arrivals = (
        np.random.default_rng(seed)
        .poisson(work.arrivals, (replicas, len(work.arrivals)))
        .astype(np.float64)
    )
    backlog = np.full(replicas, work.backlog * work.handle)
    capacity = work.capacity(agents)
    arrived = np.zeros((replicas, len(capacity) + 1))
    served = np.zeros((replicas, len(capacity) + 1))
    arrived[:, 0] = backlog
    for place, can in enumerate(capacity):
        came = arrivals[:, place] * work.handle
        done = np.minimum(backlog + came, can)
        backlog = backlog + came - done
        arrived[:, place + 1] = arrived[:, place] + came
        served[:, place + 1] = served[:, place] + done
    return _judged(work, agents, arrivals, arrived, served)


def _judged(
    work: Work, agents: float, arrivals: Floats, arrived: Floats, served: Floats
) -> Outcome:
    """A contact is in time if it is begun a handle time before it is due: one person answers it,
    not all at once.
    """
    places = np.arange(len(work.arrivals) + 1.0)
    latest = np.clip(
        work.due - work.handle / work.seconds / max(work.productive_share, 1e-9), 0, places[-1]
    )
    # what people hold is half done on average, so this much more than what was served is begun;
    # nothing while closed
    is_open = work.open_share[np.minimum(latest, places[-1] - 1).astype(int)] > 0
    helping = (
        0.0 if work.spare is None else work.spare[np.minimum(latest, places[-1] - 1).astype(int)]
    )
    in_hand = (agents + helping) * work.handle / 2 * is_open
    in_time = np.empty(arrivals.shape)
    for row in range(len(arrivals)):
        begun = np.interp(latest, places, served[row]) + in_hand
        in_time[row] = np.clip(
            (begun - arrived[row, :-1]) / np.maximum(arrivals[row] * work.handle, 1e-12), 0, 1
        )
    known = np.isfinite(work.due) & (work.due <= places[-1])
    late = ~known[None] & (arrivals > 0)
    counted = np.where(late, 0, arrivals)
    total = counted.sum()
    share = float((counted * in_time).sum() / total) if total else 1.0
    weight = counted.sum(axis=0)
    by_interval = np.divide(
        (counted * in_time).sum(axis=0), weight, out=np.full(len(weight), np.nan), where=weight > 0
    )
    can = work.capacity(agents).sum()
    return Outcome(
        share,
        (arrived - served)[:, 1:].mean(axis=0) / work.handle,
        by_interval,
        float(served[:, -1].mean() / can) if can else 0.0,
    )


def required(
    work: Work, share: float, replicas: int = _REPLICAS, seed: int = _SEED, step: float = 1.0
) -> Need:
    """The fewest agents in every open interval with which `share` of contacts are answered in time.

    `step` is what agents are counted in: 1, or a part of a person where people share their day with
    other queues.
    """
    if work.arrivals.sum() <= 0 and work.backlog <= 0:
        return Need(0, simulate(work, 0, 1, seed), True, 1.0)
    least = work.least_agents
    if not np.isfinite(least):
        return Need(0, simulate(work, 0, replicas, seed), False, 0.0)
    lowest, plenty = (
        int(np.ceil(least / step - 1e-9)),
        int(np.ceil((64 * least + 64 + work.backlog) / step)),
    )
    best = simulate(work, plenty * step, replicas, seed)
    if best.in_target < share:
        enough = max(lowest, 1) * step
        return Need(enough, simulate(work, enough, replicas, seed), False, best.in_target)
    low, high, width = lowest - 1, plenty, 1
    while low + width < plenty:  # most need little more than the work itself: look there first
        if simulate(work, (low + width) * step, replicas, seed).in_target >= share:
            high = low + width
            break
        low, width = low + width, width * 2
    while high - low > 1:
        middle = (low + high) // 2
        if simulate(work, middle * step, replicas, seed).in_target >= share:
            high = middle
        else:
            low = middle
    return Need(high * step, simulate(work, high * step, replicas, seed), True, best.in_target)


def due_places(open_share: Floats, seconds: float, target: float, *, business: bool) -> Floats:
    """Where (in intervals from the first) `target` seconds after the middle of each interval are
    over.

    In business time only open seconds count; infinite where the intervals end before.
    """
    middles = np.arange(len(open_share)) + 0.5
    if not business:
        due = middles + target / seconds
        return np.where(due <= len(open_share), due, np.inf)
    opened = np.concatenate([[0.0], np.cumsum(open_share) * seconds])
    wanted = (opened[:-1] + opened[1:]) / 2 + target
    upper = np.searchsorted(opened, wanted - 1e-9, side="left")
    reached = upper < len(opened)
    upper = np.minimum(upper, len(opened) - 1)
    piece = np.maximum(opened[upper] - opened[upper - 1], 1e-12)
    due = upper - 1 + (wanted - opened[upper - 1]) / piece
    return np.where(reached, due, np.inf)
