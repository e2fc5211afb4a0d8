"""Prediction intervals from the errors that the same way of forecasting really made.

Split-conformal prediction (Lei et al. 2018) on scaled errors, by groups of days ahead. The scale of
a count's error has a part that chance alone makes (Poisson: the square root of the mean) and a part
in proportion to the mean, estimated from the queue's errors. A queue with few errors of its own
borrows the shape of all queues' errors; a lone one borrows Student's t.
"""

from collections.abc import Sequence

import numpy as np

from tasks.forecasting.panel import Floats

LEVELS = (0.025, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.975)
LEAD_GROUPS = ((1, 7), (8, 14), (15, 28), (29, 92))
WEEK_GROUPS = ((1, 1), (2, 2), (3, 4), (5, 13))
_BORROWED = 20.0  # own errors that the shape of all queues' errors is worth
_GRID = np.linspace(0.005, 0.995, 199)
_UNKNOWN_SHARE = 0.3  # error in proportion to the mean where no forecast was ever tested
_NORMAL = np.array(
    [-1.95996, -1.64485, -1.28155, -0.67449, 0.0, 0.67449, 1.28155, 1.64485, 1.95996]
)


def quantiles(
    means: Floats, past: Floats, actual: Floats, groups: Sequence[tuple[int, int]] = LEAD_GROUPS
) -> Floats:
    """Quantiles (rows, horizon, levels) for forecasts `means` (rows, horizon), never negative.

    `past` are earlier forecasts (origins, rows, horizon) and `actual` the values that they were
    for, NaN where these are not known. Steps of a group (first and last, from 1) share their
    errors.
    """
    rows, horizon = means.shape
    share = _shares(past, actual)
    scaled = (actual - past) / _scale(past, share[None, :, None])
    scale = _scale(means, share[:, None])
    made = np.empty((rows, horizon, len(LEVELS)))
    widest: Floats | None = None
    for first, last in groups:
        if first > horizon:
            break
        ahead = slice(first - 1, min(last, horizon))
        levels = _levels(scaled[:, :, ahead])
        # a distance that was never tested is at least as uncertain as the longest that was
        untested = _NORMAL if widest is None else widest * np.sqrt(2)
        widest = np.where(np.isnan(levels), untested, levels)
        made[:, ahead] = means[:, ahead, None] + widest[:, None, :] * scale[:, ahead, None]
    return np.asarray(np.maximum(np.sort(made, axis=-1), 0))


def chance_error(means: Floats) -> Floats:
    """Mean absolute error that chance alone makes of counts with these means.

    Poisson; de Moivre's formula.
    """
    from scipy.special import gammaln

    whole = np.floor(means)
    safe = np.maximum(means, 1e-12)
    log_density = (whole + 1) * np.log(safe) - means - gammaln(whole + 1)
    return np.asarray(2 * np.exp(log_density))


def _scale(means: Floats, share: Floats) -> Floats:
    return np.sqrt(np.maximum(means, 0.25) + (share * means) ** 2)


def _shares(past: Floats, actual: Floats) -> Floats:
    """Error in proportion to the mean, beyond chance, by row; drawn to that of all rows."""
    is_known = ~np.isnan(actual) & ~np.isnan(past)
    squares = np.where(is_known, (actual - past) ** 2 - np.maximum(past, 0.25), 0)
    beyond = squares.sum(axis=(0, 2))
    means = np.where(is_known, past**2, 0).sum(axis=(0, 2))
    count = is_known.sum(axis=(0, 2))
    all_rows = _UNKNOWN_SHARE**2
    if means.sum() > 0:
        all_rows = max(float(beyond.sum() / means.sum()), 0.0)
    unknown = np.full(len(means), all_rows)
    own = np.maximum(np.divide(beyond, means, out=unknown, where=means > 0), 0)
    return np.asarray(np.sqrt((count * own + _BORROWED * all_rows) / (count + _BORROWED)))


def _levels(scaled: Floats) -> Floats:
    """Levels (rows, levels) of scaled errors (origins, rows, days).

    Those of a normal distribution without any origin; NaN where no row has an error.
    """
    errors = scaled[~np.isnan(scaled)]
    origins, rows, _ = scaled.shape
    if not origins:
        return np.tile(_NORMAL, (rows, 1))
    if not len(errors):
        return np.full((rows, len(LEVELS)), np.nan)
    shape = np.quantile(errors, _GRID) if rows > 1 else _student(scaled[:, 0])
    return np.stack([_mixed(scaled[:, row], shape) for row in range(rows)])


def _student(errors: Floats) -> Floats:
    """The shape of a lone row's errors (origins, days), by Student's t.

    A dozen origins do not show how far the tails reach.
    """
    from scipy.special import stdtrit

    origins = max(_origins(errors), 2)
    spread = np.sqrt(np.nanmean(errors**2) * (1 + 1 / origins))
    return np.asarray(spread * stdtrit(origins - 1, _GRID))


def _origins(errors: Floats) -> int:
    """Origins (rows) with a known error."""
    return int((~np.isnan(errors)).any(axis=1).sum())


def _mixed(errors: Floats, shape: Floats) -> Floats:
    """Quantiles of a row's errors (origins, days) mixed with the shape of all rows' errors.

    Conformal: with n errors the p-quantile of the next one is at p (n + 1) / n. The days after one
    origin share the error of its level, so n counts origins, not days.
    """
    own = errors[~np.isnan(errors)]
    values = np.concatenate([own, shape])
    borrowed = np.full(len(shape), _BORROWED / len(shape))
    weights = np.concatenate([np.ones(len(own)), borrowed])
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    places = (np.cumsum(weights) - weights / 2) / weights.sum()
    count = _origins(errors) + _BORROWED
    from_median = (np.array(LEVELS) - 0.5) * (count + 1) / max(count, 1)
    return np.asarray(np.interp(0.5 + from_median, places, values))
