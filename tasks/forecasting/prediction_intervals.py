"""How sure a forecast is: bands from the errors that the same way of forecasting really made.

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
_BORROWED = 20.0  # errors of one's own that the shape of all queues' errors is worth
_GRID = np.linspace(0.005, 0.995, 199)
_UNKNOWN_SHARE = 0.3  # error in proportion to the mean where no forecast was ever tested


def quantiles(
    means: Floats, past: Floats, came: Floats, groups: Sequence[tuple[int, int]] = LEAD_GROUPS
) -> Floats:
    """(rows, horizon, levels) for forecasts `means` (rows, horizon), ordered and never negative.

    `past` are earlier forecasts (origins, rows, horizon) and `came` what came, NaN where it is not
    known. Steps of a group (first and last, from 1) share their errors.
    """
    rows, horizon = means.shape
    share = _shares(past, came)
    scaled = (came - past) / _scale(past, share[None, :, None])
    made = np.empty((rows, horizon, len(LEVELS)))
    widest: Floats | None = None
    for first, last in groups:
        ahead = slice(first - 1, min(last, horizon))
        if first > horizon:
            break
        found = _levels(scaled[:, :, ahead])
        # a distance that was never tested is at least as unsure as the longest that was
        widest = (
            np.where(np.isnan(found), _NORMAL, found)
            if widest is None
            else np.where(np.isnan(found), widest * np.sqrt(2), found)
        )
        made[:, ahead] = (
            means[:, ahead, None]
            + widest[:, None, :] * _scale(means[:, ahead], share[:, None])[..., None]
        )
    return np.asarray(np.maximum(np.sort(made, axis=-1), 0))


def chance_error(means: Floats) -> Floats:
    """Mean absolute error that chance alone makes of counts with these means (Poisson; de Moivre's
    formula).
    """
    from scipy.special import gammaln

    whole = np.floor(means)
    safe = np.maximum(means, 1e-12)
    return np.asarray(2 * np.exp((whole + 1) * np.log(safe) - means - gammaln(whole + 1)))


def _scale(means: Floats, share: Floats) -> Floats:
    return np.sqrt(np.maximum(means, 0.25) + (share * means) ** 2)


def _shares(past: Floats, came: Floats) -> Floats:
    """By row: error in proportion to the mean, beyond chance; drawn to that of all rows."""
    known = ~np.isnan(came) & ~np.isnan(past)
    beyond = np.where(known, (came - past) ** 2 - np.maximum(past, 0.25), 0).sum(axis=(0, 2))
    means = np.where(known, past**2, 0).sum(axis=(0, 2))
    count = known.sum(axis=(0, 2))
    every = max(float(beyond.sum() / means.sum()), 0.0) if means.sum() > 0 else _UNKNOWN_SHARE**2
    own = np.maximum(np.divide(beyond, means, out=np.full(len(means), every), where=means > 0), 0)
    return np.asarray(np.sqrt((count * own + _BORROWED * every) / (count + _BORROWED)))


def _levels(scaled: Floats) -> Floats:
    """(rows, levels) of scaled errors (origins, rows, days); those of a normal law's where no row
    has an error.
    """
    every = scaled[~np.isnan(scaled)]
    rows = scaled.shape[1]
    if not len(every):
        return (
            np.full((rows, len(LEVELS)), np.nan) if scaled.shape[0] else np.tile(_NORMAL, (rows, 1))
        )
    shape = np.quantile(every, _GRID) if rows > 1 else _student(scaled[:, 0])
    return np.stack([_mixed(scaled[:, row], shape) for row in range(rows)])


def _student(errors: Floats) -> Floats:
    """The shape of a lone row's errors (origins, days): a dozen origins do not show how far the
    tails reach.
    """
    from scipy.special import stdtrit

    origins = max(int((~np.isnan(errors)).any(axis=1).sum()), 2)
    spread = np.sqrt(np.nanmean(errors**2) * (1 + 1 / origins))
    return np.asarray(spread * stdtrit(origins - 1, _GRID))


def _mixed(errors: Floats, shape: Floats) -> Floats:
    """Quantiles of a row's errors (origins, days) mixed with all rows' shape, widened for how few
    origins there were.

    Conformal: with n errors the p-quantile of the next one is at p (n + 1) / n. The days after one
    origin share the error of its level, so n counts origins, not days.
    """
    own = errors[~np.isnan(errors)]
    count = int((~np.isnan(errors)).any(axis=1).sum()) + _BORROWED
    values = np.concatenate([own, shape])
    weights = np.concatenate([np.ones(len(own)), np.full(len(shape), _BORROWED / len(shape))])
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    total = weights.sum()
    places = (np.cumsum(weights) - weights / 2) / total
    away = (np.array(LEVELS) - 0.5) * (count + 1) / max(count, 1)
    return np.asarray(np.interp(0.5 + away, places, values))


_NORMAL = np.array(
    [-1.95996, -1.64485, -1.28155, -0.67449, 0.0, 0.67449, 1.28155, 1.64485, 1.95996]
)
