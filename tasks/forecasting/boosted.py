"""Gradient-boosted trees over all queues together, learned from the calendar.

A training row is a day of the past as it was seen some days before, so a row knows only what was
known then. The target is the ratio to level and profile; what is learned of a big queue therefore
helps a small one. Boosting after Friedman (2001), as scikit-learn fits it (histograms, so a fit
costs rows times features and no more).
"""

import calendar
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

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
_WIDEST = 5.0  # times level and profile; a day with more does not teach anything general
_SEED = 7

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


class Trees(Protocol):
    """Fitted trees of scikit-learn."""

    def predict(self, features: Floats) -> Floats:
        """The ratio to level and profile of each row."""


class Boosted:
    """The candidate. It learns from scratch for every origin."""

    def __call__(self, panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
        """Means (queues, horizon); level and profile for panels too short to learn from."""
        base = level_profile(panel, cleaned, horizon)
        trees = _learn(panel, cleaned)
        if trees is None:
            return base
        features = _features(panel, cleaned, np.arange(1, horizon + 1))
        rows = features.reshape(-1, features.shape[-1])
        ratio = np.asarray(trees.predict(rows), dtype=np.float64)
        return np.maximum(base * ratio.reshape(base.shape), 0)


class _Examples(NamedTuple):
    """Training rows: features, ratio to level and profile, and weight in tickets."""

    features: Floats
    ratio: Floats
    weight: Floats


def _learn(panel: Panel, cleaned: Cleaned) -> Trees | None:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    examples = list(_examples(panel, cleaned))
    if sum(len(part.ratio) for part in examples) < _FEWEST_ROWS:
        return None
    features, ratio, weight = (np.concatenate(parts) for parts in zip(*examples, strict=True))
    if len(ratio) > _ROWS:
        chance = np.random.default_rng(_SEED)
        kept = chance.choice(len(ratio), _ROWS, replace=False, shuffle=False)
        features, ratio, weight = features[kept], ratio[kept], weight[kept]
    model = HistGradientBoostingRegressor(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=8,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=_SEED,
    )
    # fits are small: more threads would wait for each other longer than they work
    with threadpool_limits(limits=1):
        trees: Trees = model.fit(features, ratio, sample_weight=weight)
    return trees


def _examples(panel: Panel, cleaned: Cleaned) -> Iterator[_Examples]:
    """Past ordinary days, as seen from days before them."""
    if panel.known <= _FEWEST_DAYS:
        return
    origins = np.linspace(_FEWEST_DAYS, panel.known - 1, _ORIGINS).astype(int)
    for origin in np.unique(origins):
        leads = _LEADS[origin + _LEADS <= panel.known]
        days = origin + leads - 1
        then = panel.until(int(origin), panel.known - int(origin))
        seen = Cleaned(
            values=cleaned.values[:, :origin],
            treated=cleaned.treated[:, :origin],
            factors=cleaned.factors,
            opens=cleaned.opens,
            workday=cleaned.workday,
        )
        base = level_profile(then, seen, int(leads.max()))[:, leads - 1]
        actual = cleaned.values[:, days]
        is_ordinary = panel.kinds[:, days] == Kind.ORDINARY
        use = (base > 0) & ~np.isnan(actual) & is_ordinary
        features = _features(then, seen, leads)[use]
        yield _Examples(features, np.clip(actual[use] / base[use], 0, _WIDEST), base[use])


def _features(panel: Panel, cleaned: Cleaned, leads: Places) -> Floats:
    """Features (queues, leads, features) of the days that many days after the last known one."""
    shape = (len(panel.queues), len(leads))
    places, days = (leads - 1) % WEEK, panel.known + leads - 1
    level, profile = level_and_profile(cleaned.values)
    base = level[:, None] * profile
    last_week = _ratio(recent_weeks(cleaned.values, 1)[:, 0], base)
    last_month = _ratio(mean_of_last(cleaned.values, 4), base)
    special = np.pad(panel.kinds != Kind.ORDINARY, ((0, 0), (0, 1)))
    weekdays = np.arange(panel.kinds.shape[1]) % WEEK
    shut = special[:, :-1] | ~cleaned.opens[:, weekdays]
    same_for_all = [*_calendar(panel, days), leads]
    columns = [
        *(np.broadcast_to(row, shape) for row in same_for_all),
        np.broadcast_to(np.log1p(level)[:, None], shape),
        last_week[:, places],
        last_month[:, places],
        profile[:, places],
        special[:, days - 1],
        special[:, days + 1],
        _shut_before(shut, days),
        _workday_of_month(panel, shut)[:, days],
    ]
    return np.stack(columns, axis=-1).astype(np.float64)


def _ratio(values: Floats, base: Floats) -> Floats:
    """Values over level and profile; NaN where these are zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(base > 0, values / base, np.nan)


def _calendar(panel: Panel, places: Places) -> Floats:
    """Rows by day: weekday, day of the month, days left in the month, month."""
    rows = []
    for place in places:
        day = panel.day(int(place))
        days_in_month = calendar.monthrange(day.year, day.month)[1]
        rows.append((day.weekday(), day.day, days_in_month - day.day, day.month))
    return np.array(rows, dtype=np.float64).T


def _shut_before(shut: Flags, days: Places) -> Floats:
    """Closed or special days right before each day (queues, days), up to five."""
    run = np.zeros((len(shut), len(days)))
    is_run = np.ones(run.shape, dtype=bool)
    for back in range(1, 6):
        is_run &= shut[:, np.maximum(days - back, 0)] & (days >= back)
        run += is_run
    return run


def _workday_of_month(panel: Panel, shut: Flags) -> Places:
    """Open ordinary days of the month up to each day (queues, days).

    In the panel's first month the days before it are estimated.
    """
    total = np.cumsum(~shut, axis=1)
    days_of_month = np.array([panel.day(place).day for place in range(shut.shape[1])])
    places = np.arange(len(days_of_month))
    starts = np.maximum.accumulate(np.where(days_of_month == 1, places, 0))
    before = np.where(starts > 0, total[:, np.maximum(starts - 1, 0)], 0)
    estimated = np.where(starts > 0, 0, (days_of_month[0] - 1) * 5 // 7)
    return np.asarray(total - before + estimated)
