"""Daily volume of every queue: candidates, tested on the past, the best taken for each queue, with
bands.

Rolling origins a week apart: each candidate forecasts the days after every origin from what was
known then; these past forecasts choose, give the error that is shown, and make the bands. Nothing
after a forecast's origin is ever used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.forecasting.boosted import Boosted
from tasks.forecasting.candidates import (
    Candidate,
    Smoothed,
    level_profile,
    seasonal_naive,
    weekday_mean,
)
from tasks.forecasting.engine import Engine, here
from tasks.forecasting.panel import WEEK, Cleaned, Floats, Kind, Panel, clean
from tasks.forecasting.prediction_intervals import LEAD_GROUPS, quantiles

ORIGINS = 12
NAIVE, COMBINED = "seasonal_naive", "combined"
_PARTS = {"level_profile": 1.0, "smoothed": 1.0, "boosted": 2.0}  # weights in the combination
_TOGETHER = frozenset({"boosted"})  # candidates that learn from all queues
_LOT = 100  # queues of a job
_SHORTEST = 2 * WEEK  # days of history: with fewer the mean of what exists is all there is
_TESTED_FROM = 4 * WEEK
_CHOSEN_FROM = 8  # origins: with fewer, a single candidate that did better was mostly lucky
_BETTER_BY = (
    0.85  # and it is taken before the combination only if its past error is below this share
)
_ENDED_AFTER = 4 * WEEK  # days without anything, on days when things used to come


Ways = Callable[[], Mapping[str, Candidate]]


def floor() -> dict[str, Candidate]:
    """Averages: no heavy library, a thousand queues in a second or two."""
    return {NAIVE: seasonal_naive, "weekday_mean": weekday_mean, "level_profile": level_profile}


def full() -> dict[str, Candidate]:
    """Averages, exponential smoothing and boosted trees."""
    return {**floor(), "smoothed": Smoothed(), "boosted": Boosted()}


@dataclass(frozen=True, slots=True)
class Fold:
    """Forecasts from one origin: `means` by candidate (queues, horizon), and what came, NaN where
    it is not known.
    """

    known: int
    means: Mapping[str, Floats]
    actual: Floats


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Means and quantiles (queues, horizon[, levels]) after the panel's last known day, with all
    that led to them.
    """

    panel: Panel
    cleaned: Cleaned
    means: Floats
    quantiles: Floats
    models: tuple[str, ...]
    folds: tuple[Fold, ...]
    past: Floats  # (origins, queues, horizon): what the chosen models said
    actual: Floats


def forecast(
    panel: Panel,
    *,
    candidates: Ways = full,
    origins: int = ORIGINS,
    engine: Engine = here,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Forecasts:
    """Forecast every queue over the panel's horizon.

    `progress` is told after each job of the engine.
    """
    horizon = panel.horizon
    places = [panel.known - WEEK * back for back in range(origins, 0, -1)]
    places = [*(known for known in places if known >= _TESTED_FROM), panel.known]
    cleaned_at = [clean(panel.until(known, horizon)) for known in places]
    *tested, means = _means(panel, cleaned_at, places, candidates, engine, progress)
    folds = [
        Fold(known, said, _came(panel, known, horizon))
        for known, said in zip(places[:-1], tested, strict=True)
    ]
    cleaned = cleaned_at[-1]
    chosen = _choose(folds, means)
    now = _picked(means, chosen)
    past = (
        np.stack([_picked(fold.means, chosen) for fold in folds])
        if folds
        else np.empty((0, *now.shape))
    )
    came = np.stack([fold.actual for fold in folds]) if folds else np.empty((0, *now.shape))
    naive = np.array([name == NAIVE for name in chosen], dtype=bool)[:, None]
    now = np.where(
        naive, on_calendar(panel, cleaned, now), now
    )  # as a baseline it knows no calendar, as a forecast it must
    now, models = _special_lives(panel, cleaned, now, chosen)
    made = np.where((now > 0)[..., None], quantiles(now, past, came), 0.0)
    return Forecasts(panel, cleaned, now, made, models, tuple(folds), past, came)


def _came(panel: Panel, known: int, horizon: int) -> Floats:
    came = np.full((len(panel.queues), horizon), np.nan)
    there = panel.values[:, known : known + horizon]
    came[:, : there.shape[1]] = there
    return came


def _means(
    panel: Panel,
    cleaned_at: Sequence[Cleaned],
    places: Sequence[int],
    candidates: Ways,
    engine: Engine,
    progress: Callable[[int, int], None],
) -> list[dict[str, Floats]]:
    """Every candidate's means at each place; the combination is the weighted mean of its parts.

    Trees learn from all queues together, so they are a job for each place; the others look at one
    queue at a time and carry what they fitted from place to place, so they are a job for each lot
    of queues.
    """
    names = tuple(candidates())
    alone = tuple(name for name in names if name not in _TOGETHER)
    lots = [slice(low, low + _LOT) for low in range(0, len(panel.queues), _LOT)]
    jobs: list[tuple[Any, ...]] = [
        (candidates, alone, panel.part(lot), [c.part(lot) for c in cleaned_at], list(places))
        for lot in lots
    ]
    for cleaned, known in zip(cleaned_at, places, strict=True):
        jobs += [
            (candidates, (name,), panel, [cleaned], [known]) for name in names if name in _TOGETHER
        ]
    found: list[list[dict[str, Floats]]] = []
    for result in engine(_job, jobs):
        found.append(result)
        progress(len(found), len(jobs))
    made = []
    for at in range(len(places)):
        means = {
            name: np.concatenate([found[lot][at][name] for lot in range(len(lots))])
            for name in alone
        }
        for job, result in zip(jobs[len(lots) :], found[len(lots) :], strict=True):
            means |= result[0] if job[4] == [places[at]] else {}
        parts = {name: weight for name, weight in _PARTS.items() if name in means}
        together = sum(
            (weight * means[name] for name, weight in parts.items()),
            np.zeros((len(panel.queues), panel.horizon)),
        )
        made.append({**means, COMBINED: together / sum(parts.values())})
    return made


def _job(
    candidates: Ways,
    names: Sequence[str],
    panel: Panel,
    cleaned_at: Sequence[Cleaned],
    places: Sequence[int],
) -> list[dict[str, Floats]]:
    """Means of some candidates at some places, in order of time, on the calendar."""
    ways = candidates()  # fresh: a fitted model belongs to the earliest place of these queues
    made = []
    for cleaned, known in zip(cleaned_at, places, strict=True):
        then = panel.until(known, panel.horizon)
        means = {name: np.asarray(ways[name](then, cleaned, panel.horizon)) for name in names}
        made.append(
            {
                name: value if name == NAIVE else on_calendar(then, cleaned, value)
                for name, value in means.items()
            }
        )
    return made


def on_calendar(panel: Panel, cleaned: Cleaned, means: Floats) -> Floats:
    """Ordinary days' means put on the calendar: special days by their learned share, nothing on
    closed ones.
    """
    at = panel.known + np.arange(means.shape[1])
    kinds = panel.kinds[:, at].astype(int)
    means = np.where(cleaned.opens[:, at % WEEK], means, 0.0) * np.take_along_axis(
        cleaned.factors, kinds, axis=1
    )
    return np.where(kinds == Kind.CLOSED, 0.0, means)


def errors(folds: Sequence[Fold], name: str) -> tuple[Floats, Floats]:
    """Sums by queue over all folds: absolute errors of a candidate, and what came."""
    wrong = sum((np.nansum(np.abs(f.actual - f.means[name]), axis=1) for f in folds), np.zeros(1))
    came = sum((np.nansum(f.actual, axis=1) for f in folds), np.zeros(1))
    return np.asarray(wrong), np.asarray(came)


def _choose(folds: Sequence[Fold], means: Mapping[str, Floats]) -> list[str]:
    """The combination, or the candidate that was clearly better over enough folds."""
    queues = len(means[COMBINED])
    if len(folds) < _CHOSEN_FROM:
        return [COMBINED] * queues
    names = [COMBINED, *(name for name in means if name != COMBINED)]
    wrong = np.stack([errors(folds, name)[0] for name in names])
    best = np.argmin(
        np.where(np.arange(len(names))[:, None] == 0, wrong * _BETTER_BY, wrong), axis=0
    )
    return [names[place] for place in best]


def _picked(means: Mapping[str, Floats], chosen: Sequence[str]) -> Floats:
    return (
        np.stack([means[name][row] for row, name in enumerate(chosen)])
        if chosen
        else means[COMBINED]
    )


def _special_lives(
    panel: Panel, cleaned: Cleaned, means: Floats, chosen: Sequence[str]
) -> tuple[Floats, tuple[str, ...]]:
    """Queues that have just begun get the mean of what exists; those that have ended get nothing."""
    made, models = means.copy(), list(chosen)
    known = ~np.isnan(panel.values)
    for row in range(len(models)):
        begun = int(np.argmax(known[row])) if known[row].any() else panel.known
        recent = panel.values[row, -_ENDED_AFTER:]
        if panel.known - begun < _SHORTEST:
            mean = float(np.nanmean(panel.values[row])) if known[row].any() else 0.0
            at = panel.kinds[row, panel.known :]
            made[row], models[row] = np.where(at == Kind.CLOSED, 0.0, mean), "cold_start"
        elif (
            np.nansum(recent) == 0
            and panel.known - begun >= _ENDED_AFTER
            and not np.isnan(recent).all()
        ):
            made[row], models[row] = 0.0, "ended"
    return made, tuple(models)


@dataclass(frozen=True, slots=True)
class Score:
    """How one candidate did on one queue, over all folds, for days so far ahead.

    Sums, so that they can be added up.
    """

    queue: str
    model: str
    lead_from: int
    lead_until: int
    days: int
    absolute_error: float
    error: float  # forecast less what came
    actual: float
    naive_error: (
        float  # in-sample: sum over the days of the mean week-to-week change before each origin
    )


def scores(made: Forecasts) -> list[Score]:
    """Of every candidate, by queue and distance."""
    found = []
    for name in made.folds[0].means if made.folds else ():
        for first, last in LEAD_GROUPS:
            span = slice(first - 1, min(last, made.panel.horizon))
            came = np.stack([fold.actual[:, span] for fold in made.folds])
            said = np.stack([fold.means[name][:, span] for fold in made.folds])
            if first > made.panel.horizon or np.isnan(came).all():
                continue
            naive = np.stack(
                [_weekly_change(made.panel.values[:, : fold.known]) for fold in made.folds]
            )
            known = ~np.isnan(came)
            for row, queue in enumerate(made.panel.queues):
                off = (said - came)[:, row][known[:, row]]
                found.append(
                    Score(
                        queue,
                        name,
                        first,
                        last,
                        int(known[:, row].sum()),
                        float(np.abs(off).sum()),
                        float(off.sum()),
                        float(np.nansum(came[:, row])),
                        float((naive[:, row] * known[:, row].sum(axis=1)).sum()),
                    )
                )
    return found


def _weekly_change(values: Floats) -> Floats:
    """Mean absolute change from week to week, by queue: what seasonal naive errs in sample."""
    changes = np.abs(values[:, WEEK:] - values[:, :-WEEK])
    count = (~np.isnan(changes)).sum(axis=1)
    return np.asarray(
        np.divide(np.nansum(changes, axis=1), count, out=np.zeros(len(values)), where=count > 0)
    )
