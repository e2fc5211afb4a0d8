"""Deferred work (e-mail, tickets, social): people by backlog and reply-time target.

Work arrives in every interval, also at night. It is done first come, first served, in the intervals
that are open:

    backlog at the end = max(0, backlog + arrivals x handle - agents x productive seconds)

Work is done when the capacity since its arrival reaches what was waiting then. Arrivals are
simulated (Poisson, seeded), because a mean alone hides the bad days. Handle time counts against the
target: the clock stops when the answer is sent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_REPLICAS = 40
_SEED = 11


@dataclass(frozen=True, slots=True)
class Work:
    """Intervals of equal length in order; arrays have one value an interval.

    `arrivals` are contacts expected, `open_share` the open part (0 to 1), `handle` and `seconds`
    (the length) seconds. `due` is the place, in intervals from the first one, by which work that
    arrived in the middle of each has to be answered: in business or calendar time, as the target
    has it; infinite beyond the end. `idle` are agents of live channels without a contact, who help.
    """

    arrivals: Floats
    open_share: Floats
    due: Floats
    seconds: float
    handle: float
    productive_share: float = 1.0
    backlog: float = 0.0  # contacts that wait at the beginning
    idle: Floats | None = None

    def capacity(self, agents: float) -> Floats:
        """Seconds of work that can be done in each interval."""
        idle = np.zeros(len(self.arrivals)) if self.idle is None else self.idle
        at_work = agents * self.open_share + idle
        return np.asarray(at_work * self.seconds * self.productive_share)

    @property
    def least_agents(self) -> float:
        """Agents below which the backlog never stops growing; infinite if it is never open."""
        productive_seconds = self.open_share.sum() * self.seconds * self.productive_share
        left = self.arrivals.sum() * self.handle - self.capacity(0).sum()
        return float(max(left, 0) / productive_seconds) if productive_seconds else np.inf


@dataclass(frozen=True, slots=True)
class Outcome:
    """Means over the simulations.

    `in_target` is the share of contacts answered in time, also by interval (NaN without arrivals);
    `backlog` the contacts that wait at the end of each interval.
    """

    in_target: float
    backlog: Floats
    in_target_by_interval: Floats
    occupancy: float


@dataclass(frozen=True, slots=True)
class Need:
    """Agents in every open interval, and the outcome with them.

    Not feasible: only `best_share` is answered in time, however many agents there are.
    """

    agents: float
    outcome: Outcome
    feasible: bool
    best_share: float


@dataclass(frozen=True, slots=True)
class _Simulated:
    """Contacts (replicas, intervals), and running totals of work (replicas, intervals + 1)."""

    contacts: Floats
    arrived: Floats
    served: Floats


def simulate(work: Work, agents: float, replicas: int = _REPLICAS, seed: int = _SEED) -> Outcome:
    """Service level reached with this many agents."""
    shape = (replicas, len(work.arrivals))
    contacts = np.random.default_rng(seed).poisson(work.arrivals, shape).astype(np.float64)
    capacity = work.capacity(agents)
    backlog = np.full(replicas, work.backlog * work.handle)
    arrived = np.zeros((replicas, len(capacity) + 1))
    served = np.zeros((replicas, len(capacity) + 1))
    arrived[:, 0] = backlog
    for place, can in enumerate(capacity):
        arriving = contacts[:, place] * work.handle
        done = np.minimum(backlog + arriving, can)
        backlog = backlog + arriving - done
        arrived[:, place + 1] = arrived[:, place] + arriving
        served[:, place + 1] = served[:, place] + done
    return _outcome(work, agents, _Simulated(contacts, arrived, served))


def _outcome(work: Work, agents: float, simulated: _Simulated) -> Outcome:
    in_time = _in_time(work, agents, simulated)
    contacts, intervals = simulated.contacts, len(work.arrivals)
    is_known = np.isfinite(work.due) & (work.due <= float(intervals))
    is_beyond_end = ~is_known[None] & (contacts > 0)
    counted = np.where(is_beyond_end, 0, contacts)
    answered, total, weight = counted * in_time, counted.sum(), counted.sum(axis=0)
    unknown = np.full(len(weight), np.nan)
    by_interval = np.divide(answered.sum(axis=0), weight, out=unknown, where=weight > 0)
    waiting = (simulated.arrived - simulated.served)[:, 1:].mean(axis=0)
    capacity = work.capacity(agents).sum()
    return Outcome(
        in_target=float(answered.sum() / total) if total else 1.0,
        backlog=waiting / work.handle,
        in_target_by_interval=by_interval,
        occupancy=float(simulated.served[:, -1].mean() / capacity) if capacity else 0.0,
    )


def _in_time(work: Work, agents: float, simulated: _Simulated) -> Floats:
    """Share (replicas, intervals) of an interval's contacts that are answered in time.

    A contact is in time if work on it begins a handle time before it is due: one person answers it.
    """
    intervals = len(work.arrivals)
    places = np.arange(intervals + 1.0)
    handle_intervals = work.handle / work.seconds / max(work.productive_share, 1e-9)
    latest = np.clip(work.due - handle_intervals, 0, float(intervals))
    at = np.minimum(latest, intervals - 1.0).astype(int)
    # work in hand is half done on average, so more has begun than was served; none while closed
    idle = 0.0 if work.idle is None else work.idle[at]
    in_hand = (agents + idle) * work.handle / 2 * (work.open_share[at] > 0)
    in_time = np.empty(simulated.contacts.shape)
    for row, contacts in enumerate(simulated.contacts):
        begun = np.interp(latest, places, simulated.served[row]) + in_hand
        own_work = np.maximum(contacts * work.handle, 1e-12)
        in_time[row] = np.clip((begun - simulated.arrived[row, :-1]) / own_work, 0, 1)
    return in_time


def required(
    work: Work, share: float, replicas: int = _REPLICAS, seed: int = _SEED, step: float = 1.0
) -> Need:
    """Fewest agents in every open interval with which `share` of contacts are answered in time.

    `step` is the unit that agents are counted in: 1, or a part of a person where people share their
    day with other queues.
    """

    def outcome_with(steps: int) -> Outcome:
        return simulate(work, steps * step, replicas, seed)

    if work.arrivals.sum() <= 0 and work.backlog <= 0:
        return Need(0, simulate(work, 0, 1, seed), feasible=True, best_share=1.0)
    least = work.least_agents
    if not np.isfinite(least):
        return Need(0, outcome_with(0), feasible=False, best_share=0.0)
    lowest = int(np.ceil(least / step - 1e-9))
    plenty = int(np.ceil((64 * least + 64 + work.backlog) / step))
    best_share = outcome_with(plenty).in_target
    is_feasible = best_share >= share
    if is_feasible:
        steps = _fewest(lowest, plenty, lambda count: outcome_with(count).in_target >= share)
    else:
        steps = max(lowest, 1)
    return Need(steps * step, outcome_with(steps), is_feasible, best_share)


def _fewest(lowest: int, plenty: int, is_enough: Callable[[int], bool]) -> int:
    """The fewest from `lowest` on that are enough; `plenty` is.

    Most queues need little more than the work itself, so the search widens from there, then halves.
    """
    low, high, width = lowest - 1, plenty, 1
    while low + width < plenty:
        if is_enough(low + width):
            high = low + width
            break
        low, width = low + width, width * 2
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high


def due_places(open_share: Floats, seconds: float, target: float, *, business: bool) -> Floats:
    """Where `target` seconds after the middle of each interval end, in intervals from the first.

    In business time only open seconds count. Infinite where the intervals end before.
    """
    intervals = len(open_share)
    if not business:
        due = np.arange(intervals) + 0.5 + target / seconds
        return np.where(due <= intervals, due, np.inf)
    open_before = np.concatenate([[0.0], np.cumsum(open_share) * seconds])
    wanted = (open_before[:-1] + open_before[1:]) / 2 + target
    upper = np.searchsorted(open_before, wanted - 1e-9, side="left")
    is_reached = upper <= intervals
    upper = np.minimum(upper, intervals)
    open_seconds = np.maximum(open_before[upper] - open_before[upper - 1], 1e-12)
    due = upper - 1 + (wanted - open_before[upper - 1]) / open_seconds
    return np.where(is_reached, due, np.inf)
