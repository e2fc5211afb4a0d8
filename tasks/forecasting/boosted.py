"""Gradient-boosted trees over all queues together: how a day departs from level and profile,
learned from the calendar.

A training row is a day of the past as it was seen some days before, so a row knows only what was
known then. The target is the ratio to level and profile; what is learned of a big queue therefore
helps a small one. Boosting after Friedman (2001), as scikit-learn fits it (histograms, so a fit
costs rows times features and no more).
"""

import calendar
from collections.abc import Iterator
from typing import Any

import numpy as np

from tasks.forecasting.candidates import (
    level_and_profile,
    level_profile,
    mean_of_last,
    recent_weeks,
)
from tasks.forecasting.panel import WEEK, Cleaned, Floats, Kind, Panel

_LEADS = np.array([1, 2, 3, 4, 5, 6, 7, 9, 11, 14, 18, 22, 28])
_ORIGINS = 30  # past days from which the days after them are looked at
_ROWS = 60_000
_FEWEST_ROWS = 100
_FEWEST_DAYS = 4 * WEEK
_WIDEST = 5.0  # times level and profile; more is another day's story
_SEED = 7


class Boosted:
    """The candidate. Learns anew for every origin that it is asked for."""

    def __call__(self, panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
        """Means; level and profile for panels that are too short to learn from."""
        base = level_profile(panel, cleaned, horizon)
        learned = _learn(panel, cleaned)
        if learned is None:
            return base
        seen = _features(panel, cleaned, np.arange(1, horizon + 1))
        ratio = np.asarray(learned.predict(seen.reshape(-1, seen.shape[-1])), dtype=np.float64)
        return np.maximum(base * ratio.reshape(base.shape), 0)


def _learn(panel: Panel, cleaned: Cleaned) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    found = list(_examples(panel, cleaned))
    if sum(len(target) for _, target, _ in found) < _FEWEST_ROWS:
        return None
    features, target, weight = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if len(target) > _ROWS:
        kept = np.random.default_rng(_SEED).choice(len(target), _ROWS, replace=False, shuffle=False)
        features, target, weight = features[kept], target[kept], weight[kept]
    trees = HistGradientBoostingRegressor(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=8,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=_SEED,
    )
    with threadpool_limits(
        limits=1
    ):  # fits are small: more threads wait for each other longer than they work
        return trees.fit(features, target, sample_weight=weight)


def _examples(panel: Panel, cleaned: Cleaned) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Features, ratio to level and profile, and weight (tickets) of past days, as seen from days
    before them.
    """
    if panel.known <= _FEWEST_DAYS:
        return
    for origin in np.unique(np.linspace(_FEWEST_DAYS, panel.known - 1, _ORIGINS).astype(int)):
        leads = _LEADS[origin + _LEADS <= panel.known]
        then = panel.until(int(origin), panel.known - int(origin))
        seen = Cleaned(
            cleaned.values[:, :origin], cleaned.treated[:, :origin], cleaned.factors, cleaned.opens
        )
        base = level_profile(then, seen, int(leads.max()))[:, leads - 1]
        came = cleaned.values[:, origin + leads - 1]
        use = (base > 0) & ~np.isnan(came) & (panel.kinds[:, origin + leads - 1] == Kind.ORDINARY)
        yield (
            _features(then, seen, leads)[use],
            np.clip(came[use] / base[use], 0, _WIDEST),
            base[use],
        )


def _features(panel: Panel, cleaned: Cleaned, leads: Any) -> Floats:
    """(queues, leads, features) of the days so many days after the last known one."""
    places, at = (leads - 1) % WEEK, panel.known + leads - 1
    level, profile = level_and_profile(cleaned.values)
    base = level[:, None] * profile
    with np.errstate(invalid="ignore", divide="ignore"):
        last = np.where(base > 0, recent_weeks(cleaned.values, 1)[:, 0] / base, np.nan)
        month = np.where(base > 0, mean_of_last(cleaned.values, 4) / base, np.nan)
    special = np.pad(panel.kinds != Kind.ORDINARY, ((0, 0), (0, 1)))
    shut = special[:, :-1] | ~cleaned.opens[:, np.arange(panel.kinds.shape[1]) % WEEK]
    alike = np.array([_calendar(panel, int(day)) for day in at], dtype=np.float64).T
    shape = (len(panel.queues), len(leads))
    return np.stack(
        [
            *(np.broadcast_to(row, shape) for row in (*alike, leads)),
            np.broadcast_to(np.log1p(level)[:, None], shape),
            last[:, places],
            month[:, places],
            profile[:, places],
            special[:, at - 1],
            special[:, at + 1],
            _shut_before(shut, at),
            _workday_of_month(panel, shut)[:, at],
        ],
        axis=-1,
    ).astype(np.float64)


def _calendar(panel: Panel, place: int) -> tuple[int, int, int, int]:
    day = panel.day(place)
    return day.weekday(), day.day, calendar.monthrange(day.year, day.month)[1] - day.day, day.month


def _shut_before(shut: Any, at: Any) -> Any:
    """Closed or special days right before each day, up to five."""
    run, going = np.zeros((len(shut), len(at))), np.ones((len(shut), len(at)), dtype=bool)
    for back in range(1, 6):
        going &= shut[:, np.maximum(at - back, 0)] & (at >= back)
        run += going
    return run


def _workday_of_month(panel: Panel, shut: Any) -> Any:
    """Open ordinary days of the month up to each day; in the panel's first month days before it are
    guessed.
    """
    total = np.cumsum(~shut, axis=1)
    months = np.array([panel.day(i).day for i in range(panel.kinds.shape[1])])
    starts = np.maximum.accumulate(np.where(months == 1, np.arange(len(months)), 0))
    before = np.where(starts > 0, total[:, np.maximum(starts - 1, 0)], 0)
    return total - before + np.where(starts > 0, 0, (months[0] - 1) * 5 // 7)
