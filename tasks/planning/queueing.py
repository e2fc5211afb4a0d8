"""Live work (phone, chat): agents per interval by Erlang A, where customers give up, or Erlang C,
where nobody does.

M/M/c+M and M/M/c in steady state, by closed forms in incomplete gamma functions: no sum over
states, so a cost that does not grow with the load. With A = lambda h erlangs, theta = 1 / patience,
x = lambda / theta, r = c / (h theta):

    states below c      1 / B = P(N <= c) / P(N = c) of Poisson(A)                          (Erlang
    B)
    states from c on    S = sum_j x^j / ((r + 1) ... (r + j)) = e^x x^-r r gamma(r, x)
    (Garnett, Mandelbaum, Reiman 2002)
    wait offered        density lambda p_{c-1} exp(x (1 - e^(-theta w)) - c w / h)
    (Zeltyn, Mandelbaum 2005)

Times in seconds. All functions take arrays that broadcast against each other.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_FAR = 12.0  # square roots of the load below it at which Poisson's sum is left for a series
_LONG = 1e5  # patience in handle times beyond which nobody gives up
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Performance:
    """What so many agents reach.

    Shares 0 to 1; `mean_wait` in seconds over all offered, those who give up included.

    `service_level` is the share of offered contacts answered within the target. An overloaded queue
    in which nobody gives up never settles: level 0, wait infinite.
    """

    service_level: Floats
    abandoned: Floats
    abandoned_in_target: Floats
    mean_wait: Floats
    wait_probability: Floats
    occupancy: Floats

    def defined_as(self, definition: str) -> Floats:
        """The service level by one of its four definitions; they differ by points at the same
        staffing.

        offered (default): answered in target / offered; answered: / answered; kind: (answered +
        given up in target) / offered; patient: answered in target / (offered - given up in target).
        Raises KeyError for another name.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "offered": self.service_level,
                "answered": np.where(
                    self.abandoned < 1, self.service_level / (1 - self.abandoned), 0.0
                ),
                "kind": self.service_level + self.abandoned_in_target,
                "patient": np.where(
                    self.abandoned_in_target < 1,
                    self.service_level / (1 - self.abandoned_in_target),
                    0.0,
                ),
            }[definition]


def performance(
    agents: ArrayLike,
    load: ArrayLike,
    handle: ArrayLike,
    target: ArrayLike,
    patience: ArrayLike = np.inf,
) -> Performance:
    """Of `agents` at `load` erlangs, mean handle time, target wait and mean patience (infinite:
    Erlang C).
    """
    c, a, h, t, p = (
        np.asarray(v, dtype=np.float64)
        for v in np.broadcast_arrays(agents, load, handle, target, patience)
    )
    shape = c.shape
    c, a, h, t, p = (np.atleast_1d(v).ravel() for v in (c, a, h, t, p))
    found = {name: np.zeros(len(c)) for name in Performance.__slots__}
    idle, endless = a <= 0, p > _LONG * h
    found["service_level"][idle] = 1.0
    for which, formula in ((~idle & endless, _erlang_c), (~idle & ~endless & (c > 0), _erlang_a)):
        if which.any():
            for name, values in formula(c[which], a[which], h[which], t[which], p[which]).items():
                found[name][which] = values
    nobody = ~idle & ~endless & (c <= 0)
    found["abandoned"][nobody] = found["wait_probability"][nobody] = 1.0
    found["abandoned_in_target"][nobody] = 1 - np.exp(-t[nobody] / p[nobody])
    found["mean_wait"][nobody] = p[nobody]
    return Performance(**{name: values.reshape(shape) for name, values in found.items()})


def blocking(agents: ArrayLike, load: ArrayLike) -> Floats:
    """Erlang B: the share of time that all of `agents` are busy if nobody may wait."""
    return np.asarray(
        np.exp(
            -_log_inverse_blocking(
                *(np.asarray(v, dtype=np.float64) for v in np.broadcast_arrays(agents, load))
            )
        )
    )


def _log_inverse_blocking(c: Floats, a: Floats) -> Floats:
    from scipy.special import gammaincc, gammaln

    log = np.log(np.maximum(gammaincc(c + 1, a), _TINY)) - (c * np.log(a) - a - gammaln(c + 1))
    far = c < a - _FAR * np.sqrt(a)
    if np.any(far):
        log = np.where(far, np.log(_falling(np.where(far, c, 0), a)), log)
    return np.asarray(log)


def _falling(c: Floats, a: Floats) -> Floats:
    """1 + c/A + c (c-1)/A^2 + ...: 1 / B where c is far below A, so that terms fall fast."""
    total, term, k = np.ones(c.shape), np.ones(c.shape), 0
    while k < 10_000 and np.any(term > 1e-17 * total):
        term = term * np.maximum(c - k, 0) / a
        total, k = total + term, k + 1
    return total


def _erlang_c(c: Floats, a: Floats, h: Floats, t: Floats, p: Floats) -> dict[str, Floats]:
    stable = c > a
    c = np.where(stable, c, np.floor(a) + 1)
    b = np.exp(-_log_inverse_blocking(c, a))
    waits = c * b / (c - a * (1 - b))
    spare = c - a
    return {
        "service_level": np.where(stable, 1 - waits * np.exp(-spare * t / h), 0.0),
        "mean_wait": np.where(stable, waits * h / spare, np.inf),
        "wait_probability": np.where(stable, waits, 1.0),
        "occupancy": np.where(stable, a / c, 1.0),
    }


def _erlang_a(c: Floats, a: Floats, h: Floats, t: Floats, p: Floats) -> dict[str, Floats]:
    x, r = a * p / h, c * p / h
    below = _log_inverse_blocking(c, a)  # log of sum_{k<=c} p_k / p_c
    above = _log_tail(r, x)  # log of sum_{j>=0} p_{c+j} / p_c
    log_pc = -_log_sum_less_one(below, above)
    waits = np.exp(above + log_pc)
    queue = np.maximum(
        x * waits - r * (waits - np.exp(log_pc)), 0
    )  # E[Q], from t_j (r + j) = x t_{j-1}
    gone = np.clip(queue / x, 0, 1)
    log_factor = log_pc + np.log(c / a)
    within = np.exp(log_factor + _log_gamma_between(r, x, t / p))
    later = np.exp(
        -t / p + log_factor + _log_gamma_below(r, x, t / p)
    )  # still waiting at the target
    level = np.clip(1 - waits + within, 0, 1)
    return {
        "service_level": level,
        "abandoned": gone,
        "abandoned_in_target": np.clip(1 - level - later, 0, gone),
        "mean_wait": gone * p,
        "wait_probability": np.clip(waits, 0, 1),
        "occupancy": np.clip(a * (1 - gone) / c, 0, 1),
    }


def _log_sum_less_one(below: Floats, above: Floats) -> Floats:
    """log(e^below + e^above - 1), both at least 0: the state c is in both sums."""
    high, low = np.maximum(below, above), np.minimum(below, above)
    return np.asarray(high + np.log1p(np.exp(low - high) * -np.expm1(-low)))


def _log_tail(r: Floats, x: Floats) -> Floats:
    from scipy.special import gammainc, gammaln

    lower = gammainc(r, x)
    log = x - r * np.log(x) + gammaln(r + 1) + np.log(np.maximum(lower, _TINY))
    thin = lower < 1e-280  # few ever wait: the first terms are all
    if np.any(thin):
        log = np.where(thin, np.log(_rising(np.where(thin, r, 1.0), np.where(thin, x, 0.0))), log)
    return np.asarray(np.maximum(log, 0))


def _rising(r: Floats, x: Floats) -> Floats:
    total, term, j = np.ones(r.shape), np.ones(r.shape), 0
    while j < 10_000 and np.any(term > 1e-17 * total):
        j += 1
        term = term * x / (r + j)
        total = total + term
    return total


def _log_gamma_between(r: Floats, x: Floats, ratio: Floats) -> Floats:
    """Log of e^x x^-r (gamma(r + 1, x) - gamma(r + 1, reach)): answered within the target after
    waiting, over p_{c-1}.

    `ratio` is target / patience, reach = x e^-ratio.
    """
    from scipy.special import gammainc, gammaincc, gammaln

    reach = x * np.exp(-ratio)
    upper = x > r + 1  # differences of the smaller of the two tails
    whole = gammainc(r + 1, x)
    tail = np.where(
        upper, gammaincc(r + 1, reach) - gammaincc(r + 1, x), whole - gammainc(r + 1, reach)
    )
    log = x - r * np.log(x) + gammaln(r + 1) + np.log(np.maximum(tail, _TINY))
    thin = whole < 1e-280  # the same by series: gamma(s, x) = x^s e^-x (1 + x / (s + 1) + ...) / s
    if np.any(thin):
        r, x, reach, ratio = (np.where(thin, v, 1.0) for v in (r, x, reach, ratio))
        fade = np.exp(-x * np.expm1(-ratio) - r * ratio)
        within = x / (r + 1) * _rising(r + 1, x) - fade * reach / (r + 1) * _rising(r + 1, reach)
        log = np.where(thin, np.log(np.maximum(within, _TINY)), log)
        tail = np.where(thin, within, tail)
    return np.where(tail > _TINY, log, -np.inf)


def _log_gamma_below(r: Floats, x: Floats, ratio: Floats) -> Floats:
    """Log of e^x x^(1-r) gamma(r, reach): offered wait beyond the target, over p_{c-1}."""
    from scipy.special import gammainc, gammaln

    reach = x * np.exp(-ratio)
    tail = gammainc(r, reach)
    log = x + (1 - r) * np.log(x) + gammaln(r) + np.log(np.maximum(tail, _TINY))
    thin = tail < 1e-280
    if np.any(thin):
        r, x, reach, ratio = (np.where(thin, v, 1.0) for v in (r, x, reach, ratio))
        log = np.where(
            thin, -x * np.expm1(-ratio) - r * ratio + np.log(x / r) + np.log(_rising(r, reach)), log
        )
    return np.asarray(log)


@dataclass(frozen=True, slots=True)
class Target:
    """What service is promised: share of offered contacts answered within seconds; most busy and
    most given up, as shares.
    """

    share: float = 0.80
    seconds: float = 20.0
    most_occupied: float = 0.85
    most_abandoned: float = 1.0


@dataclass(frozen=True, slots=True)
class Required:
    """Agents (whole numbers) for each interval, which limit asked for them, and what they reach."""

    agents: NDArray[np.int64]
    because: NDArray[np.str_]
    reached: Performance


def required(
    load: ArrayLike, handle: ArrayLike, target: Target, patience: ArrayLike = np.inf, least: int = 0
) -> Required:
    """The fewest agents that keep every promise in every interval; `least` where anyone may call.

    All three promises get better with agents, so each interval is bracketed around the square-root
    rule and halved.
    """
    a, h, p = (
        np.atleast_1d(np.asarray(v, dtype=np.float64))
        for v in np.broadcast_arrays(load, handle, patience)
    )
    each = [_fewest(a, h, p, target, promise) for promise in _PROMISES]
    agents = np.maximum(np.max(each, axis=0), least)
    names = np.array([*_PROMISES, "least"])
    stacked = np.stack([*each, np.full(a.shape, least)])
    because = np.where(agents > 0, names[np.argmax(stacked, axis=0)], "nothing")
    return Required(agents, because, performance(agents, a, h, target.seconds, p))


def _kept(promise: str, agents: Any, a: Floats, h: Floats, p: Floats, target: Target) -> Any:
    found = performance(agents, a, h, target.seconds, p)
    if promise == "service_level":
        return found.service_level >= target.share - 1e-12
    if promise == "occupancy":
        return found.occupancy <= target.most_occupied + 1e-12
    return found.abandoned <= target.most_abandoned + 1e-12


_PROMISES = ("service_level", "occupancy", "abandoned")


def _fewest(a: Floats, h: Floats, p: Floats, target: Target, promise: str) -> NDArray[np.int64]:
    if promise == "abandoned" and target.most_abandoned >= 1:
        return np.zeros(a.shape, dtype=np.int64)
    high = np.where(a > 0, np.ceil(a + 2 * np.sqrt(a) + 2), 0).astype(np.int64)
    low = np.where(a > 0, np.floor(a - 2 * np.sqrt(a) - 2), 0).astype(np.int64)
    low = np.maximum(low, 0)
    step = np.maximum(np.sqrt(a), 2).astype(np.int64)
    open_ = np.flatnonzero(a > 0)
    while len(open_):  # up to a number that is enough
        open_ = open_[~_kept(promise, high[open_], a[open_], h[open_], p[open_], target)]
        low[open_] = high[open_]
        high[open_] += step[open_]
        step[open_] *= 2
    open_ = np.flatnonzero(low > 0)
    while len(open_):  # down to one that is not
        open_ = open_[_kept(promise, low[open_], a[open_], h[open_], p[open_], target)]
        high[open_] = low[open_]
        low[open_] = low[open_] // 2
        open_ = open_[low[open_] > 0]
    while len(open_ := np.flatnonzero(high - low > 1)):
        middle = (low[open_] + high[open_]) // 2
        enough = _kept(promise, middle, a[open_], h[open_], p[open_], target)
        high[open_] = np.where(enough, middle, high[open_])
        low[open_] = np.where(enough, low[open_], middle)
    return high
