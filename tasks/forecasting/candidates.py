"""The ways to say how many will come on ordinary days.

Each takes cleaned history and gives (queues, horizon) means.

Sources: the weekday mean is what the field calls the eight-week average; level and profile is a
multiplicative decomposition with an exponentially weighted level (Holt 1957, without trend);
`Smoothed` is ETS (Hyndman et al. 2008) as statsforecast fits it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tasks.forecasting.panel import WEEK, Cleaned, Floats, Panel, nanmedian

Candidate = Callable[[Panel, Cleaned, int], Floats]

_WEEKS = 8
_HALF_LIFE_WEEKS = 1.5
_SHORTEST_ETS = 4  # weeks: with fewer a season cannot be told from noise
# times the open days of the last fit: what six weeks tell is soon out of date, what a year tells is
# not
_FITTED_ANEW = 1.25
_FEWEST_ETS = 16  # open days; a team that is open on two days a week has eight in four weeks


def seasonal_naive(panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
    """The last known same weekday again, as it was."""
    return ahead(mean_of_last(panel.values, 1), horizon)


def weekday_mean(panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
    """Mean of the last eight known same weekdays."""
    return ahead(mean_of_last(cleaned.values, _WEEKS), horizon)


def level_profile(panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
    """Level of the last weeks, the newest weighing most, times each weekday's median share of its
    week.
    """
    level, profile = level_and_profile(cleaned.values)
    return ahead(level[:, None] * profile, horizon)


def level_and_profile(values: Floats) -> tuple[Floats, Floats]:
    """Mean day of now (queues), and the ratio to it of each weekday, the day after the last known
    one first (queues, 7).
    """
    weeks = recent_weeks(values, _WEEKS)
    known = ~np.isnan(weeks)
    profile = np.ones((len(weeks), WEEK))
    for _ in range(3):  # a week with days missing is judged by the days that it has
        share = (known * profile[:, None, :]).sum(axis=2)
        level = _divided(np.nansum(weeks, axis=2), share, otherwise=np.nan)
        ratios = _divided(weeks, level[..., None], otherwise=np.nan)
        profile = _mean_one(np.nan_to_num(nanmedian(np.moveaxis(ratios, 1, -1))), known.any(axis=1))
    ages = np.arange(weeks.shape[1])[::-1]
    weights = 0.5 ** (ages / _HALF_LIFE_WEEKS) * share * ~np.isnan(level)
    return (
        _divided((weights * np.nan_to_num(level)).sum(axis=1), weights.sum(axis=1), otherwise=0.0),
        profile,
    )


def _mean_one(profile: Floats, seen: Any) -> Floats:
    mean = _divided(profile.sum(axis=1), seen.sum(axis=1), otherwise=0.0)[:, None]
    return np.where(mean > 0, _divided(profile, mean, otherwise=0.0), seen * 1.0)


def _divided(above: Floats, below: Any, *, otherwise: float) -> Floats:
    """Quotients; `otherwise` where the divisor is not positive."""
    above, below = np.broadcast_arrays(above, np.asarray(below, dtype=np.float64))
    return np.asarray(np.divide(above, below, out=np.full(above.shape, otherwise), where=below > 0))


def recent_weeks(values: Floats, weeks: int) -> Floats:
    """(queues, weeks, 7), oldest first; the first place is the weekday of the day after the last
    known one.
    """
    queues, known = values.shape
    take = min(known, weeks * WEEK)
    padded = np.full((queues, weeks * WEEK), np.nan)
    padded[:, weeks * WEEK - take :] = values[:, known - take :]
    return padded.reshape(queues, weeks, WEEK)


def mean_of_last(values: Floats, count: int) -> Floats:
    """Mean of the last `count` known values of each weekday, the day after the last known one
    first; 0 where none is.
    """
    weeks = recent_weeks(values, -(-values.shape[1] // WEEK))
    there = ~np.isnan(weeks)
    newest = there & (np.cumsum(there[:, ::-1], axis=1)[:, ::-1] <= count)
    return _divided(np.where(newest, weeks, 0).sum(axis=1), newest.sum(axis=1), otherwise=0.0)


def ahead(week: Floats, horizon: int) -> Floats:
    """A week, beginning with the day after the last known one, again and again."""
    return week[:, np.arange(horizon) % WEEK]


class Smoothed:
    """ETS with a weekly season and no trend.

    A queue's parameters are fitted at the earliest origin that is asked for and carried forward to
    later days, until its history has grown by a quarter: then they are fitted anew. No origin knows
    what came after it.
    """

    def __init__(self) -> None:
        self._fitted: dict[tuple[str, int], tuple[int, int, Any]] = {}

    def __call__(self, panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
        """Means; level and profile for queues with less than four weeks."""
        made = level_profile(panel, cleaned, horizon)
        opens = cleaned.opens[:, np.arange(panel.known + horizon) % WEEK]
        for row, queue in enumerate(panel.queues):
            series, season = (
                cleaned.values[row, opens[row, : panel.known]],
                int(cleaned.opens[row].sum()),
            )
            begun = np.flatnonzero(~np.isnan(series))
            if season > 1 and len(begun) >= max(_SHORTEST_ETS * season, _FEWEST_ETS):
                days = opens[row, panel.known :]
                found = self._carried(
                    (queue, season), panel.known, _filled(series[begun[0] :]), int(days.sum())
                )
                made[row, days] = made[row, days] if found is None else found
        return np.maximum(made, 0)

    def _carried(
        self, key: tuple[str, int], known: int, series: Floats, horizon: int
    ) -> Floats | None:
        """Means of the next open days; None for a series that no ETS fits."""
        if not horizon:
            return np.zeros(0)
        if key not in self._fitted or len(series) >= _FITTED_ANEW * self._fitted[key][1]:
            self._fitted[key] = known, len(series), _fit(key[1], series)
        fitted_on, _, fitted = self._fitted[key]
        if fitted_on > known:
            raise ValueError(f"{key[0]}: asked for an earlier day than the model was fitted on")
        return (
            None
            if fitted is None
            else np.asarray(fitted.forward(series, h=horizon)["mean"], dtype=np.float64)
        )


def _fit(season: int, series: Floats) -> Any:
    from statsforecast.models import AutoETS

    try:
        return AutoETS(season_length=season, model="ZNA").fit(series)
    except (
        Exception
        # a series too short for its parameters, or one that none fits; the library has no class for it
    ) as trouble:
        if (
            isinstance(trouble, NotImplementedError)
            or "no model able to be fitted" in str(trouble).lower()
        ):
            return None
        raise


def _filled(series: Floats) -> Floats:
    """Unknown values take the one before."""
    known = np.maximum.accumulate(np.where(np.isnan(series), 0, np.arange(len(series))))
    return series[known]
