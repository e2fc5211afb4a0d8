"""Live work (phone, chat): agents per interval by Erlang A, or Erlang C where nobody gives up.

M/M/c+M and M/M/c in steady state, by closed forms in incomplete gamma functions: no sum over
states, so the cost does not grow with the load. With c agents, A = lambda h erlangs, h the mean
handle time, theta = 1 / patience, x = lambda / theta, r = c / (h theta):

    states below c      1 / B = P(N <= c) / P(N = c) of Poisson(A)
                        (Erlang B)
    states from c on    S = sum_j x^j / ((r + 1) ... (r + j)) = e^x x^-r r gamma(r, x)
                        (Palm 1957; Garnett, Mandelbaum, Reiman 2002)
    wait offered        density lambda p_{c-1} exp(x (1 - e^(-theta w)) - c w / h)
                        (Zeltyn, Mandelbaum 2005)

Times are seconds, shares 0 to 1. All functions take arrays that broadcast against each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

_FAR = 12.0  # square roots of the load below it at which Poisson's sum is left for a series
_LONG = 1e5  # patience in handle times beyond which nobody gives up
_TINY = 1e-300
_THIN = 1e-280  # below it an incomplete gamma function loses digits, and a series is better
_SMALL_TERM, _MOST_TERMS = 1e-17, 10_000  # where a series ends
_ROUNDING = 1e-12


class _Queue(NamedTuple):
    """Columns of queues: agents, erlangs, and handle time, target and mean patience in seconds."""

    agents: Floats
    load: Floats
    handle: Floats
    target: Floats
    patience: Floats

    def where(self, rows: Flags) -> "_Queue":
        """Some of the queues."""
        return _Queue(*(column[rows] for column in self))


@dataclass(frozen=True, slots=True)
class Performance:
    """Service that agents reach.

    `service_level` is the share of offered contacts answered within the target. `mean_wait` is in
    seconds over all offered contacts, also those that are abandoned. An overloaded queue in which
    nobody gives up never settles: level 0, wait infinite.
    """

    service_level: Floats
    abandoned: Floats
    abandoned_in_target: Floats
    mean_wait: Floats
    wait_probability: Floats
    occupancy: Floats

    def defined_as(self, definition: str) -> Floats:
        """The service level by one of its four definitions.

        They differ by points at the same staffing. offered (default): answered in target / offered;
        answered: / answered; kind: (answered + abandoned in target) / offered; patient: answered in
        target / (offered - abandoned in target). Raises KeyError for another name.
        """
        level, early = self.service_level, self.abandoned_in_target
        with np.errstate(invalid="ignore", divide="ignore"):
            answered = np.where(self.abandoned < 1, level / (1 - self.abandoned), 0.0)
            patient = np.where(early < 1, level / (1 - early), 0.0)
        definitions = {
            "offered": level,
            "answered": answered,
            "kind": level + early,
            "patient": patient,
        }
        return definitions[definition]


def performance(
    agents: ArrayLike,
    load: ArrayLike,
    handle: ArrayLike,
    target: ArrayLike,
    patience: ArrayLike = np.inf,
) -> Performance:
    """Performance of `agents` at `load` erlangs.

    `handle` is the mean handle time, `target` the wait to answer in and `patience` the mean time
    until a customer gives up, in seconds. Infinite patience is Erlang C.
    """
    columns = [
        np.asarray(column, dtype=np.float64)
        for column in np.broadcast_arrays(agents, load, handle, target, patience)
    ]
    shape = columns[0].shape
    queues = _Queue(*(np.atleast_1d(column).ravel() for column in columns))
    results = {name: np.zeros(len(queues.agents)) for name in Performance.__slots__}
    is_idle = queues.load <= 0
    is_patient = queues.patience > _LONG * queues.handle
    has_agents = queues.agents > 0
    results["service_level"][is_idle] = 1.0
    cases: tuple[tuple[Flags, Callable[[_Queue], dict[str, Floats]]], ...] = (
        (~is_idle & is_patient, _erlang_c),
        (~is_idle & ~is_patient & has_agents, _erlang_a),
        (~is_idle & ~is_patient & ~has_agents, _nobody),
    )
    for rows, formula in cases:
        if rows.any():
            for name, values in formula(queues.where(rows)).items():
                results[name][rows] = values
    return Performance(**{name: values.reshape(shape) for name, values in results.items()})


def _nobody(queues: _Queue) -> dict[str, Floats]:
    """Without agents all wait until they give up."""
    everybody = np.ones(len(queues.agents))
    return {
        "abandoned": everybody,
        "wait_probability": everybody,
        "abandoned_in_target": 1 - np.exp(-queues.target / queues.patience),
        "mean_wait": queues.patience,
    }


def blocking(agents: ArrayLike, load: ArrayLike) -> Floats:
    """Share of time that all of `agents` are busy if nobody may wait (Erlang B)."""
    agents, load = (
        np.asarray(column, dtype=np.float64) for column in np.broadcast_arrays(agents, load)
    )
    return np.asarray(np.exp(-_log_inverse_blocking(agents, load)))


def _log_inverse_blocking(c: Floats, a: Floats) -> Floats:
    """Log of 1 / B for c agents at a erlangs."""
    from scipy.special import gammaincc, gammaln

    log_below = np.log(np.maximum(gammaincc(c + 1, a), _TINY))
    log = log_below - (c * np.log(a) - a - gammaln(c + 1))
    is_far = c < a - _FAR * np.sqrt(a)
    if np.any(is_far):
        series = _falling(np.where(is_far, c, 0), a)
        log = np.where(is_far, np.log(series), log)
    return np.asarray(log)


def _falling(c: Floats, a: Floats) -> Floats:
    """1 + c/A + c (c-1)/A^2 + ...: 1 / B where c is far below A, so that terms fall fast."""
    total, term, k = np.ones(c.shape), np.ones(c.shape), 0
    while k < _MOST_TERMS and np.any(term > _SMALL_TERM * total):
        term = term * np.maximum(c - k, 0) / a
        total, k = total + term, k + 1
    return total


def _erlang_c(queues: _Queue) -> dict[str, Floats]:
    a, h = queues.load, queues.handle
    is_stable = queues.agents > a
    c = np.where(is_stable, queues.agents, np.floor(a) + 1)
    b = np.exp(-_log_inverse_blocking(c, a))
    waits = c * b / (c - a * (1 - b))
    idle = c - a
    late = waits * np.exp(-idle * queues.target / h)
    return {
        "service_level": np.where(is_stable, 1 - late, 0.0),
        "mean_wait": np.where(is_stable, waits * h / idle, np.inf),
        "wait_probability": np.where(is_stable, waits, 1.0),
        "occupancy": np.where(is_stable, a / c, 1.0),
    }


def _erlang_a(queues: _Queue) -> dict[str, Floats]:
    c, a, h, patience = queues.agents, queues.load, queues.handle, queues.patience
    ratio = queues.target / patience
    x, r = a * patience / h, c * patience / h
    below = _log_inverse_blocking(c, a)  # log of sum_{k<=c} p_k / p_c
    above = _log_tail(r, x)  # log of sum_{j>=0} p_{c+j} / p_c
    log_pc = -_log_sum_less_one(below, above)
    waits = np.exp(above + log_pc)
    # E[Q], from t_j (r + j) = x t_{j-1}
    queue = np.maximum(x * waits - r * (waits - np.exp(log_pc)), 0)
    abandoned = np.clip(queue / x, 0, 1)
    log_factor = log_pc + np.log(c / a)
    within = np.exp(log_factor + _log_gamma_between(r, x, ratio))
    still_waiting = np.exp(-queues.target / patience + log_factor + _log_gamma_below(r, x, ratio))
    level = np.clip(1 - waits + within, 0, 1)
    return {
        "service_level": level,
        "abandoned": abandoned,
        "abandoned_in_target": np.clip(1 - level - still_waiting, 0, abandoned),
        "mean_wait": abandoned * patience,
        "wait_probability": np.clip(waits, 0, 1),
        "occupancy": np.clip(a * (1 - abandoned) / c, 0, 1),
    }


def _log_sum_less_one(below: Floats, above: Floats) -> Floats:
    """Log of e^below + e^above - 1, both at least 0: the state c is in both sums."""
    high, low = np.maximum(below, above), np.minimum(below, above)
    return np.asarray(high + np.log1p(np.exp(low - high) * -np.expm1(-low)))


def _log_tail(r: Floats, x: Floats) -> Floats:
    """Log of S, the states from c on over the state c."""
    from scipy.special import gammainc, gammaln

    lower = gammainc(r, x)
    log = x - r * np.log(x) + gammaln(r + 1) + np.log(np.maximum(lower, _TINY))
    is_thin = lower < _THIN  # few ever wait: the first terms are all
    if np.any(is_thin):
        series = _rising(np.where(is_thin, r, 1.0), np.where(is_thin, x, 0.0))
        log = np.where(is_thin, np.log(series), log)
    return np.asarray(np.maximum(log, 0))


def _rising(r: Floats, x: Floats) -> Floats:
    """1 + x/(r+1) + x^2/((r+1)(r+2)) + ..."""
    total, term, j = np.ones(r.shape), np.ones(r.shape), 0
    while j < _MOST_TERMS and np.any(term > _SMALL_TERM * total):
        j += 1
        term = term * x / (r + j)
        total = total + term
    return total


def _log_gamma_between(r: Floats, x: Floats, ratio: Floats) -> Floats:
    """Log of e^x x^-r (gamma(r + 1, x) - gamma(r + 1, reach)): answered within the target.

    Of those that wait, over p_{c-1}. `ratio` is target / patience, reach = x e^-ratio.
    """
    from scipy.special import gammainc, gammaincc, gammaln

    reach = x * np.exp(-ratio)
    whole = gammainc(r + 1, x)
    # differences of the smaller of the two tails
    upper_tail = gammaincc(r + 1, reach) - gammaincc(r + 1, x)
    lower_tail = whole - gammainc(r + 1, reach)
    tail = np.where(x > r + 1, upper_tail, lower_tail)
    log = x - r * np.log(x) + gammaln(r + 1) + np.log(np.maximum(tail, _TINY))
    is_thin = whole < _THIN
    if np.any(is_thin):
        # the same by series: gamma(s, x) = x^s e^-x (1 + x / (s + 1) + ...) / s
        r, x, reach, ratio = (np.where(is_thin, v, 1.0) for v in (r, x, reach, ratio))
        fade = np.exp(-x * np.expm1(-ratio) - r * ratio)
        near = x / (r + 1) * _rising(r + 1, x)
        within = near - fade * reach / (r + 1) * _rising(r + 1, reach)
        log = np.where(is_thin, np.log(np.maximum(within, _TINY)), log)
        tail = np.where(is_thin, within, tail)
    return np.where(tail > _TINY, log, -np.inf)


def _log_gamma_below(r: Floats, x: Floats, ratio: Floats) -> Floats:
    """Log of e^x x^(1-r) gamma(r, reach): offered wait beyond the target, over p_{c-1}."""
    from scipy.special import gammainc, gammaln

    reach = x * np.exp(-ratio)
    tail = gammainc(r, reach)
    log = x + (1 - r) * np.log(x) + gammaln(r) + np.log(np.maximum(tail, _TINY))
    is_thin = tail < _THIN
    if np.any(is_thin):
        r, x, reach, ratio = (np.where(is_thin, v, 1.0) for v in (r, x, reach, ratio))
        log_series = np.log(_rising(r, reach))
        thin_log = -x * np.expm1(-ratio) - r * ratio + np.log(x / r) + log_series
        log = np.where(is_thin, thin_log, log)
    return np.asarray(log)


@dataclass(frozen=True, slots=True)
class Target:
    """A service target: `share` of offered contacts answered within `seconds`.

    Agents are busy for at most `most_occupied` of their time, and at most `most_abandoned` of the
    customers give up.
    """

    share: float = 0.80
    seconds: float = 20.0
    most_occupied: float = 0.85
    most_abandoned: float = 1.0


@dataclass(frozen=True, slots=True)
class Required:
    """Agents (whole numbers) by interval, the limit that asked for them, and the performance."""

    agents: Whole
    because: NDArray[np.str_]
    reached: Performance


def required(
    load: ArrayLike, handle: ArrayLike, target: Target, patience: ArrayLike = np.inf, least: int = 0
) -> Required:
    """The fewest agents that meet every limit of the target in every interval, at least `least`.

    All three limits get easier with agents, so each interval is bracketed around the square-root
    rule and halved.
    """
    load, handle, patience = (
        np.atleast_1d(np.asarray(column, dtype=np.float64))
        for column in np.broadcast_arrays(load, handle, patience)
    )
    demand = _Demand(load, handle, patience, target)
    each = [_fewest(demand, limit) for limit in _LIMITS]
    agents = np.maximum(np.max(each, axis=0), least)
    names = np.array([*_LIMITS, "least"])
    stacked = np.stack([*each, np.full(load.shape, least)])
    because = np.where(agents > 0, names[np.argmax(stacked, axis=0)], "nothing")
    reached = performance(agents, load, handle, target.seconds, patience)
    return Required(agents, because, reached)


_LIMITS = ("service_level", "occupancy", "abandoned")


class _Demand(NamedTuple):
    """Columns of intervals, and the target for all of them."""

    load: Floats
    handle: Floats
    patience: Floats
    target: Target

    def is_met(self, limit: str, agents: Whole, rows: Whole) -> Flags:
        """Whether `agents` meet one limit of the target in the intervals `rows`."""
        target = self.target
        reached = performance(
            agents, self.load[rows], self.handle[rows], target.seconds, self.patience[rows]
        )
        if limit == "service_level":
            return reached.service_level >= target.share - _ROUNDING
        if limit == "occupancy":
            return reached.occupancy <= target.most_occupied + _ROUNDING
        return reached.abandoned <= target.most_abandoned + _ROUNDING


def _fewest(demand: _Demand, limit: str) -> Whole:
    """The fewest agents by interval that meet one limit."""
    load = demand.load
    if limit == "abandoned" and demand.target.most_abandoned >= 1:
        return np.zeros(load.shape, dtype=np.int64)
    spread = 2 * np.sqrt(load) + 2
    high = np.where(load > 0, np.ceil(load + spread), 0).astype(np.int64)
    low = np.where(load > 0, np.floor(load - spread), 0).astype(np.int64)
    low = np.maximum(low, 0)
    step = np.maximum(np.sqrt(load), 2).astype(np.int64)
    rows = np.flatnonzero(load > 0)
    while len(rows):  # up to a number that is enough
        rows = rows[~demand.is_met(limit, high[rows], rows)]
        low[rows] = high[rows]
        high[rows] += step[rows]
        step[rows] *= 2
    rows = np.flatnonzero(low > 0)
    while len(rows):  # down to a number that is not
        rows = rows[demand.is_met(limit, low[rows], rows)]
        high[rows] = low[rows]
        low[rows] = low[rows] // 2
        rows = rows[low[rows] > 0]
    while len(rows := np.flatnonzero(high - low > 1)):
        middle = (low[rows] + high[rows]) // 2
        is_enough = demand.is_met(limit, middle, rows)
        high[rows] = np.where(is_enough, middle, high[rows])
        low[rows] = np.where(is_enough, low[rows], middle)
    return high
