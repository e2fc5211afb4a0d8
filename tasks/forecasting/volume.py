"""Daily volume of every queue: candidates are tested on the past, and the best one is chosen.

Rolling origins lie a week apart: each candidate forecasts the days after every origin from what was
known then. These past forecasts choose the candidate, give the error that is shown, and make the
prediction intervals. Nothing after a forecast's origin is ever used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tasks.forecasting.boosted import Boosted
from tasks.forecasting.candidates import (
    Candidate,
    Smoothed,
    ahead,
    level_profile,
    mean_of_last,
    seasonal_naive,
    weekday_mean,
)
from tasks.forecasting.engine import Engine, here
from tasks.forecasting.panel import WEEK, Cleaned, Floats, Kind, Panel, clean
from tasks.forecasting.prediction_intervals import LEAD_GROUPS, quantiles

ORIGINS = 12
NAIVE, COMBINED, COLD_START = "seasonal_naive", "combined", "cold_start"
_PARTS = {"level_profile": 1.0, "smoothed": 1.0, "boosted": 2.0}  # weights in the combination
_TOGETHER = frozenset({"boosted"})  # candidates that learn from all queues
_QUEUES_A_JOB = 100
_SHORTEST = 2 * WEEK  # days of history; with fewer the forecast is the mean of what exists
_TESTED_FROM = 4 * WEEK
_CHOSEN_FROM = 8  # origins; with fewer, a single candidate that did better was mostly lucky
_BETTER_BY = 0.85  # a candidate beats the combination if its past error is below this share of it
_ENDED_AFTER = 4 * WEEK  # days without anything, on days that used to have something

Means = dict[str, Floats]  # by candidate: (queues, horizon)
Candidates = Callable[[], Mapping[str, Candidate]]


def floor() -> dict[str, Candidate]:
    """Averages: no heavy library, a thousand queues in a second or two."""
    return {NAIVE: seasonal_naive, "weekday_mean": weekday_mean, "level_profile": level_profile}


def full() -> dict[str, Candidate]:
    """Averages, exponential smoothing and boosted trees."""
    return {**floor(), "smoothed": Smoothed(), "boosted": Boosted()}


@dataclass(frozen=True, slots=True)
class Fold:
    """Forecasts from one origin, after `known` days.

    `means` by candidate and `actual` are (queues, horizon); `actual` is NaN where it is not known.
    """

    known: int
    means: Mapping[str, Floats]
    actual: Floats


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts after the panel's last known day, and everything that led to them.

    `means` are (queues, horizon), `quantiles` (queues, horizon, levels). `past`, the forecasts of
    the chosen models, and `actual` are (origins, queues, horizon).
    """

    panel: Panel
    cleaned: Cleaned
    means: Floats
    quantiles: Floats
    models: tuple[str, ...]
    folds: tuple[Fold, ...]
    past: Floats
    actual: Floats


def _ignore_progress(done: int, total: int) -> None:
    """Report nothing."""


def forecast(
    panel: Panel,
    *,
    candidates: Candidates = full,
    origins: int = ORIGINS,
    engine: Engine = here,
    progress: Callable[[int, int], None] = _ignore_progress,
) -> Forecasts:
    """Forecast every queue over the panel's horizon.

    `progress` gets the number of jobs done and of all after each job of the engine.
    """
    horizon = panel.horizon
    origin_days = [panel.known - WEEK * back for back in range(origins, 0, -1)]
    tested = [known for known in origin_days if known >= _TESTED_FROM]
    points = _points(panel, [*tested, panel.known])
    *past_means, means = _means(panel, points, candidates, engine, progress)
    folds = tuple(
        Fold(point.known, by_name, _actual(panel, point.known, horizon))
        for point, by_name in zip(points, past_means, strict=False)
    )
    chosen = _choose(folds, means)
    past = _stacked([_picked(fold.means, chosen) for fold in folds], panel)
    actual = _stacked([fold.actual for fold in folds], panel)
    cleaned = points[-1].cleaned
    expected = _picked(means, chosen)
    # as a baseline seasonal naive knows no calendar, as a forecast it must
    is_naive = np.array([name == NAIVE for name in chosen], dtype=bool)[:, None]
    repeated = ahead(mean_of_last(cleaned.values, 1), horizon)
    expected = np.where(is_naive, on_calendar(panel, cleaned, repeated), expected)
    expected, models = _new_and_ended(panel, expected, chosen)
    # an error of 0 on a day when nothing can come says nothing about the other days
    judged = np.where((past == 0) & (actual == 0), np.nan, actual)
    intervals = quantiles(expected, past, judged)
    is_new = np.array([model == COLD_START for model in models], dtype=bool)
    intervals[is_new] = quantiles(expected[is_new], past[:0, is_new], judged[:0, is_new])
    intervals = np.where((expected > 0)[..., None], intervals, 0.0)
    return Forecasts(panel, cleaned, expected, intervals, models, folds, past, actual)


class _Point(NamedTuple):
    """A day to forecast from: how many days are known, and the history as it was cleaned then."""

    known: int
    cleaned: Cleaned


def _points(panel: Panel, days: Sequence[int]) -> list[_Point]:
    return [_Point(known, clean(panel.until(known, panel.horizon))) for known in days]


def _stacked(arrays: Sequence[Floats], panel: Panel) -> Floats:
    """(origins, queues, horizon), also without any origin."""
    if not arrays:
        return np.empty((0, len(panel.queues), panel.horizon))
    return np.stack(arrays)


def _actual(panel: Panel, known: int, horizon: int) -> Floats:
    """What the days after an origin brought; NaN for queues too new at the origin to be judged."""
    actual = np.full((len(panel.queues), horizon), np.nan)
    values = panel.values[:, known : known + horizon]
    actual[:, : values.shape[1]] = values
    days = (~np.isnan(panel.values[:, :known])).sum(axis=1)
    actual[days < _SHORTEST] = np.nan
    return actual


class _Job(NamedTuple):
    """Some candidates for some queues from some days, in order of time."""

    candidates: Candidates
    names: tuple[str, ...]
    panel: Panel
    points: list[_Point]


def _means(
    panel: Panel,
    points: list[_Point],
    candidates: Candidates,
    engine: Engine,
    progress: Callable[[int, int], None],
) -> list[Means]:
    """Every candidate's means from each point, and the combination of them.

    Trees learn from all queues together, so they are one job a point. The others look at one queue
    at a time and carry what they fitted from point to point, so they are one job for each lot of
    queues.
    """
    names = tuple(candidates())
    alone = tuple(name for name in names if name not in _TOGETHER)
    together = tuple(name for name in names if name in _TOGETHER)
    lots = [slice(low, low + _QUEUES_A_JOB) for low in range(0, len(panel.queues), _QUEUES_A_JOB)]
    jobs = [_Job(candidates, alone, panel.part(lot), _part(points, lot)) for lot in lots]
    jobs += [_Job(candidates, (name,), panel, [point]) for point in points for name in together]
    results: list[list[Means]] = []
    for result in engine(_run, jobs):
        results.append(result)
        progress(len(results), len(jobs))
    by_lot, by_point = results[: len(lots)], results[len(lots) :]
    listed = []
    for at in range(len(points)):
        means = {name: np.concatenate([lot[at][name] for lot in by_lot]) for name in alone}
        for (learned,) in by_point[at * len(together) : (at + 1) * len(together)]:
            means |= learned
        listed.append({**means, COMBINED: _combination(means, panel)})
    return listed


def _part(points: Sequence[_Point], lot: slice) -> list[_Point]:
    return [_Point(point.known, point.cleaned.part(lot)) for point in points]


def _combination(means: Means, panel: Panel) -> Floats:
    """The weighted mean of the candidates that are parts of it."""
    weights = {name: weight for name, weight in _PARTS.items() if name in means}
    total = np.zeros((len(panel.queues), panel.horizon))
    for name, weight in weights.items():
        total = total + weight * means[name]
    return total / sum(weights.values())


def _run(
    candidates: Candidates, names: Sequence[str], panel: Panel, points: Sequence[_Point]
) -> list[Means]:
    """Means by candidate from each point, on the calendar."""
    made = candidates()  # new ones: a fitted model belongs to the earliest point of these queues
    listed = []
    for point in points:
        then = panel.until(point.known, panel.horizon)
        means = {}
        for name in names:
            ordinary = np.asarray(made[name](then, point.cleaned, panel.horizon))
            is_raw = name == NAIVE
            means[name] = ordinary if is_raw else on_calendar(then, point.cleaned, ordinary)
        listed.append(means)
    return listed


def on_calendar(panel: Panel, cleaned: Cleaned, means: Floats) -> Floats:
    """Put ordinary days' means on the calendar.

    Special days get the share of an ordinary day learned for their kind, closed days nothing. A
    holiday takes its share from the week's middle day if its own weekday is a quieter one: on a
    weekend it changes nothing as long as the weekend is as quiet.
    """
    days = panel.known + np.arange(means.shape[1])
    kinds = panel.kinds[:, days].astype(int)
    open_means = np.where(cleaned.opens[:, days % WEEK], means, 0.0)
    share = np.take_along_axis(cleaned.factors, kinds, axis=1)
    holiday = np.minimum(share * np.maximum(open_means, cleaned.workday[:, None]), open_means)
    is_quiet_holiday = (kinds == Kind.REDUCED) & (share < 1)
    special = np.where(is_quiet_holiday, holiday, share * open_means)
    return np.where(kinds == Kind.CLOSED, 0.0, special)


def errors(folds: Sequence[Fold], name: str) -> tuple[Floats, Floats]:
    """By queue, over all folds: absolute errors of a candidate, and the actual tickets."""
    wrong, actual = np.zeros(1), np.zeros(1)
    for fold in folds:
        wrong = wrong + np.nansum(np.abs(fold.actual - fold.means[name]), axis=1)
        actual = actual + np.nansum(fold.actual, axis=1)
    return wrong, actual


def _choose(folds: Sequence[Fold], means: Mapping[str, Floats]) -> list[str]:
    """By queue: the combination, or the candidate that was clearly better over enough folds."""
    queues = len(means[COMBINED])
    if len(folds) < _CHOSEN_FROM:
        return [COMBINED] * queues
    names = [COMBINED, *(name for name in means if name != COMBINED)]
    wrong = np.stack([errors(folds, name)[0] for name in names])
    wrong[0] *= _BETTER_BY
    best = np.argmin(wrong, axis=0)
    return [names[place] for place in best]


def _picked(means: Mapping[str, Floats], chosen: Sequence[str]) -> Floats:
    """(queues, horizon): each queue's means of its chosen candidate."""
    if not chosen:
        return means[COMBINED]
    return np.stack([means[name][row] for row, name in enumerate(chosen)])


def _new_and_ended(
    panel: Panel, means: Floats, chosen: Sequence[str]
) -> tuple[Floats, tuple[str, ...]]:
    """Give new queues the mean of what exists, and those that have ended nothing."""
    means, models = means.copy(), list(chosen)
    is_known = ~np.isnan(panel.values)
    for row in range(len(models)):
        has_history = bool(is_known[row].any())
        age = panel.known - int(np.argmax(is_known[row])) if has_history else 0
        could_come = panel.kinds[row, : panel.known] != Kind.CLOSED
        recent = panel.values[row, could_come][-_ENDED_AFTER:]
        is_silent = np.nansum(recent) == 0 and not np.isnan(recent).all()
        if age < _SHORTEST:
            mean = float(np.nanmean(panel.values[row])) if has_history else 0.0
            is_closed = panel.kinds[row, panel.known :] == Kind.CLOSED
            means[row], models[row] = np.where(is_closed, 0.0, mean), COLD_START
        elif is_silent and age >= _ENDED_AFTER:
            means[row], models[row] = 0.0, "ended"
    return means, tuple(models)


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one candidate on one queue over all folds, for a span of days ahead.

    Sums, so that they can be added up. `error` is forecast less actual. `naive_error` is the error
    of seasonal naive in sample: the mean week-to-week change before each origin, over the days.
    """

    queue: str
    model: str
    lead_from: int
    lead_until: int
    days: int
    absolute_error: float
    error: float
    actual: float
    naive_error: float


def scores(forecasts: Forecasts) -> list[Score]:
    """Scores of every candidate, by queue and days ahead."""
    if not forecasts.folds:
        return []
    return [
        score
        for name in forecasts.folds[0].means
        for first, last in LEAD_GROUPS
        for score in _scores(forecasts, name, first, last)
    ]


def _scores(forecasts: Forecasts, name: str, first: int, last: int) -> list[Score]:
    """Scores of one candidate for the days ahead from `first` to `last`, by queue."""
    panel, folds = forecasts.panel, forecasts.folds
    span = slice(first - 1, min(last, panel.horizon))
    actual = np.stack([fold.actual[:, span] for fold in folds])
    if first > panel.horizon or np.isnan(actual).all():
        return []
    means = np.stack([fold.means[name][:, span] for fold in folds])
    changes = np.stack([_weekly_change(panel.values[:, : fold.known]) for fold in folds])
    is_known = ~np.isnan(actual)
    listed = []
    for row, queue in enumerate(panel.queues):
        known = is_known[:, row]
        error = (means - actual)[:, row][known]
        score = Score(
            queue=queue,
            model=name,
            lead_from=first,
            lead_until=last,
            days=int(known.sum()),
            absolute_error=float(np.abs(error).sum()),
            error=float(error.sum()),
            actual=float(np.nansum(actual[:, row])),
            naive_error=float((changes[:, row] * known.sum(axis=1)).sum()),
        )
        listed.append(score)
    return listed


def _weekly_change(values: Floats) -> Floats:
    """Mean absolute change from week to week by queue: the error of seasonal naive in sample."""
    changes = np.abs(values[:, WEEK:] - values[:, :-WEEK])
    count = (~np.isnan(changes)).sum(axis=1)
    none = np.zeros(len(values))
    return np.asarray(np.divide(np.nansum(changes, axis=1), count, out=none, where=count > 0))
