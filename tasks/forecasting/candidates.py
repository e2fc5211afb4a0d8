"""Candidates: ways to forecast how many tickets ordinary days bring.

Each takes cleaned history and gives means (queues, horizon).

Sources: the weekday mean is the field's eight-week average; level and profile is a multiplicative
decomposition with an exponentially weighted level (Holt 1957, without trend); `Smoothed` is ETS
(Hyndman et al. 2008) as statsforecast fits it.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting.panel import WEEK, Cleaned, Floats, Panel, nanmedian

Candidate = Callable[[Panel, Cleaned, int], Floats]

_WEEKS = 8
_HALF_LIFE_WEEKS = 1.5
_SHORTEST_ETS = 4  # weeks; with fewer a season cannot be told from noise
_FEWEST_ETS = 16  # open days; a team that is open on two days a week has eight in four weeks
# a fit is repeated when the open days have grown by this factor: what six weeks show is soon out of
# date, what a year shows is not
_REFIT_AT = 1.25


def seasonal_naive(panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
    """The last known same weekday again, as it was."""
    return ahead(mean_of_last(panel.values, 1), horizon)


def weekday_mean(panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
    """Mean of the last eight known same weekdays."""
    return ahead(mean_of_last(cleaned.values, _WEEKS), horizon)


def level_profile(panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
    """Level of the last weeks, the newest with most weight, times the weekday's median share."""
    level, profile = level_and_profile(cleaned.values)
    return ahead(level[:, None] * profile, horizon)


def level_and_profile(values: Floats) -> tuple[Floats, Floats]:
    """Level (queues): the mean day of now; profile (queues, 7): each weekday's ratio to it.

    The profile begins with the weekday of the day after the last known one.
    """
    weeks = recent_weeks(values, _WEEKS)
    is_known = ~np.isnan(weeks)
    seen = np.asarray(is_known.any(axis=1))
    totals = np.nansum(weeks, axis=2)
    profile = np.ones((len(weeks), WEEK))
    for _ in range(3):  # a week with missing days is judged by the days that it has
        known_share = (is_known * profile[:, None, :]).sum(axis=2)
        level = _divided(totals, known_share, otherwise=np.nan)
        ratios = _divided(weeks, level[..., None], otherwise=np.nan)
        medians = nanmedian(np.moveaxis(ratios, 1, -1))
        profile = _mean_one(np.nan_to_num(medians), seen)
    ages = np.arange(weeks.shape[1])[::-1]
    weights = 0.5 ** (ages / _HALF_LIFE_WEEKS) * known_share * ~np.isnan(level)
    weighted = (weights * np.nan_to_num(level)).sum(axis=1)
    return _divided(weighted, weights.sum(axis=1), otherwise=0.0), profile


def _mean_one(profile: Floats, seen: NDArray[np.bool_]) -> Floats:
    """The profile scaled to a mean of one over the weekdays seen."""
    mean = _divided(profile.sum(axis=1), seen.sum(axis=1), otherwise=0.0)[:, None]
    return np.where(mean > 0, _divided(profile, mean, otherwise=0.0), seen * 1.0)


def _divided(above: Floats, below: NDArray[np.generic], *, otherwise: float) -> Floats:
    """Quotients; `otherwise` where the divisor is not positive."""
    above, divisor = np.broadcast_arrays(above, np.asarray(below, dtype=np.float64))
    quotient = np.full(above.shape, otherwise)
    return np.asarray(np.divide(above, divisor, out=quotient, where=divisor > 0))


def recent_weeks(values: Floats, weeks: int) -> Floats:
    """The last weeks (queues, weeks, 7), oldest first.

    The first place of a week is the weekday of the day after the last known one.
    """
    queues, known = values.shape
    take = min(known, weeks * WEEK)
    padded = np.full((queues, weeks * WEEK), np.nan)
    padded[:, weeks * WEEK - take :] = values[:, known - take :]
    return padded.reshape(queues, weeks, WEEK)


def mean_of_last(values: Floats, count: int) -> Floats:
    """Mean (queues, 7) of the last `count` known values of each weekday; 0 where none is known.

    The first place is the weekday of the day after the last known one.
    """
    weeks = recent_weeks(values, -(-values.shape[1] // WEEK))
    is_known = ~np.isnan(weeks)
    known_since = np.cumsum(is_known[:, ::-1], axis=1)[:, ::-1]
    is_newest = is_known & (known_since <= count)
    total = np.where(is_newest, weeks, 0).sum(axis=1)
    return _divided(total, is_newest.sum(axis=1), otherwise=0.0)


def ahead(week: Floats, horizon: int) -> Floats:
    """A week, which begins with the day after the last known one, repeated over the horizon."""
    return week[:, np.arange(horizon) % WEEK]


class Ets(Protocol):
    """A fitted model of statsforecast."""

    def forward(self, y: Floats, h: int) -> dict[str, Floats]:
        """Apply the fitted parameters to a longer series and forecast `h` steps."""


class _Fit(NamedTuple):
    """A model (None: no ETS fits), the days known when it was fitted, and the length it saw."""

    known: int
    length: int
    model: Ets | None


class Smoothed:
    """ETS with a weekly season and no trend.

    A queue's parameters are fitted at the earliest origin asked for and carried forward to later
    days, until its history has grown by a quarter; then they are fitted again. No origin knows
    anything later than itself.
    """

    def __init__(self) -> None:
        self._fits: dict[tuple[str, int], _Fit] = {}

    def __call__(self, panel: Panel, cleaned: Cleaned, horizon: int) -> Floats:
        """Means (queues, horizon); level and profile for queues with less than four weeks."""
        means = level_profile(panel, cleaned, horizon)
        places = np.arange(panel.known + horizon) % WEEK
        opens = cleaned.opens[:, places]
        for row, queue in enumerate(panel.queues):
            series = cleaned.values[row, opens[row, : panel.known]]
            season = int(cleaned.opens[row].sum())
            known = np.flatnonzero(~np.isnan(series))
            if season <= 1 or len(known) < max(_SHORTEST_ETS * season, _FEWEST_ETS):
                continue
            open_days = opens[row, panel.known :]
            history, steps = _filled(series[known[0] :]), int(open_days.sum())
            forecast = self._carried((queue, season), panel.known, history, steps)
            if forecast is not None:
                means[row, open_days] = forecast
        return np.maximum(means, 0)

    def _carried(
        self, key: tuple[str, int], known: int, series: Floats, horizon: int
    ) -> Floats | None:
        """Means of the next open days; None for a series that no ETS fits."""
        if not horizon:
            return np.zeros(0)
        queue, season = key
        fit = self._fits.get(key)
        if fit is None or len(series) >= _REFIT_AT * fit.length:
            fit = self._fits[key] = _Fit(known, len(series), _fit(season, series))
        if fit.known > known:
            raise ValueError(f"{queue}: asked for an earlier day than the model was fitted on")
        if fit.model is None:
            return None
        return np.asarray(fit.model.forward(series, h=horizon)["mean"], dtype=np.float64)


def _fit(season: int, series: Floats) -> Ets | None:
    """The best ETS without trend; None for a series too short for it, or that none fits."""
    from statsforecast.models import AutoETS

    try:
        model: Ets = AutoETS(season_length=season, model="ZNA").fit(series)
    except Exception as trouble:  # the library has no class of its own for it
        no_model = "no model able to be fitted" in str(trouble).lower()
        if isinstance(trouble, NotImplementedError) or no_model:
            return None
        raise
    return model


def _filled(series: Floats) -> Floats:
    """Unknown values take the one before."""
    places = np.where(np.isnan(series), 0, np.arange(len(series)))
    return series[np.maximum.accumulate(places)]
