"""Deferred work (e-mail, tickets, social): people by backlog and reply-time target.

Work arrives in every interval, also at night. It is done first come, first served, in the intervals
that are open:

    backlog at the end = max(0, backlog + arrivals x handle - agents x productive seconds)

The need follows the promise's window: work may be done from when it arrives until it is due, so the
running total of work done stays between that of work arrived and that of work due. The steadiest
staffing between the two is the taut string (Davies and Kovac 2001). Arrivals and handle times are
then simulated (Poisson and log-normal, seeded), because a mean alone hides the bad days, and weeks
that miss the target get more people. Handle time counts against the target: the clock stops when
the answer is sent.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_REPLICAS = 40
_SEED = 11
_LEAN = 0.9  # the first try: most promises leave some contacts late
_MORE = 1.03  # what a week that misses the target gets more at each try
_TRIES = 100
_HANDLES = tuple((place + 0.5) / 8 for place in range(8))  # quantiles that stand for all handles
_WEEK_SECONDS = 7 * 86400


@dataclass(frozen=True, slots=True)
class Work:
    """Intervals of equal length in order; arrays have one value an interval.

    `arrivals` are contacts expected, `open_share` the open part (0 to 1), `handle` and `seconds`
    (the length) seconds. `due` is the place, in intervals from the first one, by which work that
    arrived in the middle of each has to be answered: in business or calendar time, as the target
    has it; infinite beyond the end. `idle` are agents of live channels without a contact, who help.
    `spread` is the standard deviation of handle times over their mean. `backlog` are contacts that
    wait at the beginning; they are promised like contacts that arrive then.
    """

    arrivals: Floats
    open_share: Floats
    due: Floats
    seconds: float
    handle: float
    productive_share: float = 1.0
    backlog: float = 0.0
    idle: Floats | None = None
    spread: float = 0.0

    def capacity(self, agents: float | Floats) -> Floats:
        """Seconds of work that can be done in each interval."""
        idle = np.zeros(len(self.arrivals)) if self.idle is None else self.idle
        at_work = agents * self.open_share + idle
        return np.asarray(at_work * self.seconds * self.productive_share)

    @property
    def least_agents(self) -> float:
        """Agents below which the backlog never stops growing; infinite if it is never open."""
        productive_seconds = self.open_share.sum() * self.seconds * self.productive_share
        left = (self.arrivals.sum() + self.backlog) * self.handle - self.capacity(0).sum()
        return float(max(left, 0) / productive_seconds) if productive_seconds else np.inf

    @property
    def handle_quantiles(self) -> tuple[float, ...]:
        """Handle times that stand for all of them, seconds: of a log-normal distribution."""
        if not self.spread:
            return (self.handle,)
        variance = math.log(1 + self.spread**2)
        law = NormalDist(math.log(self.handle) - variance / 2, math.sqrt(variance))
        return tuple(math.exp(law.inv_cdf(share)) for share in _HANDLES)

    def work_of(self, contacts: Floats, chance: np.random.Generator) -> Floats:
        """Seconds of work that `contacts` bring: gamma, with the variance of their sum."""
        if not self.spread:
            return contacts * self.handle
        variance = self.spread**2
        return np.asarray(chance.gamma(contacts / variance, self.handle * variance))


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
    """Agents in each interval (while it is open), and the outcome with them.

    Not feasible: only `best_share` is answered in time, however many agents there are.
    """

    agents: Floats
    outcome: Outcome
    feasible: bool
    best_share: float


@dataclass(frozen=True, slots=True)
class _Simulated:
    """Contacts and their work (replicas, intervals), and running totals of work (one more)."""

    contacts: Floats
    work: Floats
    arrived: Floats
    served: Floats


def simulate(
    work: Work, agents: float | Floats, replicas: int = _REPLICAS, seed: int = _SEED
) -> Outcome:
    """Service level reached with this many agents, the same in all intervals or one for each."""
    chance = np.random.default_rng(seed)
    shape = (replicas, len(work.arrivals))
    contacts = chance.poisson(work.arrivals, shape).astype(np.float64)
    arriving = work.work_of(contacts, chance)
    capacity = work.capacity(agents)
    backlog = np.full(replicas, work.backlog * work.handle)
    arrived = np.zeros((replicas, len(capacity) + 1))
    served = np.zeros((replicas, len(capacity) + 1))
    arrived[:, 0] = backlog
    for place, can in enumerate(capacity):
        done = np.minimum(backlog + arriving[:, place], can)
        backlog = backlog + arriving[:, place] - done
        arrived[:, place + 1] = arrived[:, place] + arriving[:, place]
        served[:, place + 1] = served[:, place] + done
    return _outcome(work, agents, _Simulated(contacts, arriving, arrived, served))


def _outcome(work: Work, agents: float | Floats, simulated: _Simulated) -> Outcome:
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


def _in_time(work: Work, agents: float | Floats, simulated: _Simulated) -> Floats:
    """Share (replicas, intervals) of an interval's contacts that are answered in time.

    A contact is in time if work on it begins its handle time before it is due: one person answers
    it.
    """
    shares = [_started_in_time(work, agents, simulated, one) for one in work.handle_quantiles]
    return np.asarray(np.mean(shares, axis=0))


def _started_in_time(
    work: Work, agents: float | Floats, simulated: _Simulated, handle: float
) -> Floats:
    """Share of an interval's contacts that start in time if one takes `handle` seconds."""
    intervals = len(work.arrivals)
    places = np.arange(intervals + 1.0)
    handle_intervals = handle / work.seconds / max(work.productive_share, 1e-9)
    latest = np.clip(work.due - handle_intervals, 0, float(intervals))
    is_possible = work.due - handle_intervals >= _earliest(work) - 1e-9
    at = np.minimum(latest, intervals - 1.0).astype(int)
    # work in hand is half done on average, so more has begun than was served; none while closed
    idle = 0.0 if work.idle is None else work.idle[at]
    present = np.broadcast_to(np.asarray(agents, dtype=np.float64), (intervals,))[at]
    in_hand = (present + idle) * work.handle / 2 * (work.open_share[at] > 0)
    in_time = np.empty(simulated.contacts.shape)
    for row, own in enumerate(simulated.work):
        started = np.interp(latest, places, simulated.served[row]) + in_hand
        share = (started - simulated.arrived[row, :-1]) / np.maximum(own, 1e-12)
        in_time[row] = np.where(is_possible, np.clip(share, 0, 1), 0)
    return in_time


def _earliest(work: Work) -> Floats:
    """Where work on the contacts of each interval can begin: at once, or when it opens again."""
    is_open = work.open_share > 0
    places = np.arange(len(is_open), dtype=np.float64)
    opens = np.minimum.accumulate(np.where(is_open, places, np.inf)[::-1])[::-1]
    return np.where(is_open, places + 0.5, opens)


def required(
    work: Work, share: float, replicas: int = _REPLICAS, seed: int = _SEED, step: float = 1.0
) -> Need:
    """Fewest agents by interval with which `share` of each week's contacts are answered in time.

    `step` is the unit that agents are counted in: 1, or a part of a person where people share their
    day with other queues.
    """
    nobody = np.zeros(len(work.arrivals))
    if work.arrivals.sum() <= 0 and work.backlog <= 0:
        return Need(nobody, simulate(work, 0, 1, seed), feasible=True, best_share=1.0)
    if not np.isfinite(work.least_agents):
        return Need(nobody, simulate(work, 0, replicas, seed), feasible=False, best_share=0.0)
    plenty = 64 * work.least_agents + 64 + work.backlog
    best_share = simulate(work, plenty, replicas, seed).in_target
    steady = steadiest(work)
    if best_share < share:
        agents = _counted(steady, step)
        return Need(agents, simulate(work, agents, replicas, seed), False, best_share)
    weeks = _weeks(work)
    factors = np.full(weeks.max() + 1, _LEAN)
    for _ in range(_TRIES):
        agents = _counted(steady * factors[weeks], step)
        outcome = simulate(work, agents, replicas, seed)
        late = _late_weeks(work, outcome, weeks, share)
        if not late.any():
            break
        factors[late] *= _MORE
    return Need(agents, outcome, outcome.in_target >= share, best_share)


def _counted(agents: Floats, step: float) -> Floats:
    return np.asarray(np.ceil(agents / step - 1e-9) * step)


def _weeks(work: Work) -> NDArray[np.int64]:
    """Number of the week of each interval, counted from the first interval."""
    return np.asarray(np.arange(len(work.arrivals)) * work.seconds // _WEEK_SECONDS, dtype=np.int64)


def _late_weeks(
    work: Work, outcome: Outcome, weeks: NDArray[np.int64], share: float
) -> NDArray[np.bool_]:
    """The weeks of whose contacts, by when they are due, fewer than `share` are in time."""
    is_counted = ~np.isnan(outcome.in_target_by_interval)
    due = np.minimum(work.due[is_counted], len(work.arrivals) - 1).astype(int)
    weight = work.arrivals[is_counted]
    in_time = weight * outcome.in_target_by_interval[is_counted]
    count = int(weeks.max()) + 1
    total = np.bincount(weeks[due], weight, count)
    return np.asarray(np.bincount(weeks[due], in_time, count) < share * total - 1e-9)


def steadiest(work: Work) -> Floats:
    """Agents by interval that do all work between its arrival and its due time, most evenly.

    Without chance. Work that is due while closed is due at the last open moment before; all work is
    done at the end.
    """
    seconds = work.open_share * work.seconds * work.productive_share
    helped = np.concatenate([[0.0], np.cumsum(work.capacity(0.0))])
    arrived = work.handle * (work.backlog + np.concatenate([[0.0], np.cumsum(work.arrivals)]))
    done_by = _work_due(work)
    # edges between intervals at which no capacity lies share a place on the line of capacity
    is_new = np.concatenate([[True], seconds > 0])
    first = np.flatnonzero(is_new)
    last = np.append(first[1:] - 1, len(seconds))
    capacity = np.concatenate([[0.0], np.cumsum(seconds)])[first]
    most = (arrived - helped)[first]
    least = np.minimum((done_by - helped)[last], most)
    most[0] = least[0] = 0.0
    least[-1] = most[-1]
    agents = np.zeros(len(seconds))
    agents[first[1:] - 1] = np.maximum(_taut_string(capacity, least, most), 0)
    return agents


def _work_due(work: Work) -> Floats:
    """Running total of the work that is due, at the edges between intervals."""
    intervals = len(work.arrivals)
    places = np.flatnonzero(np.isfinite(work.due) & (work.due <= intervals))
    edges = np.maximum(work.due[places].astype(int), places + 1)
    due = np.bincount(edges, work.arrivals[places] * work.handle, intervals + 1)
    if len(edges):
        due[edges[0]] += work.backlog * work.handle
    return np.asarray(np.cumsum(due))


def _taut_string(at: Floats, least: Floats, most: Floats) -> Floats:
    """Slopes of the shortest line through (`at`, from `least` to `most`), by piece.

    From each corner the line goes on straight as long as any slope passes all gates; then it bends
    at the gate that closed the way.
    """
    slopes = np.zeros(len(at) - 1)
    corner, height = 0, 0.0
    while corner < len(slopes):
        run = at[corner + 1 :] - at[corner]
        lowest = np.maximum.accumulate((least[corner + 1 :] - height) / run)
        highest = np.minimum.accumulate((most[corner + 1 :] - height) / run)
        closed = np.flatnonzero(lowest > highest)
        gate, slope = len(run) - 1, lowest[-1]
        if len(closed):
            shut = closed[0]
            bends_up = lowest[shut] > lowest[shut - 1] if shut else False
            line = highest if bends_up else lowest
            slope = line[shut - 1] if shut else (lowest[0] + highest[0]) / 2
            reached = np.flatnonzero(line[: max(shut, 1)] == slope)
            gate = int(reached[0]) if shut else 0
        slopes[corner : corner + gate + 1] = slope
        height += slope * run[gate]
        corner += gate + 1
    return slopes


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
