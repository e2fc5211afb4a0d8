"""Backtests: how good the forecast was, with the intervals that could be made at the time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tasks.forecasting import prediction_intervals
from tasks.forecasting.history import History, queue_of
from tasks.forecasting.panel import Floats, Treated
from tasks.forecasting.rows import (
    HIGH_80,
    HIGH_95,
    LOW_80,
    LOW_95,
    ForecastAccuracyDaily,
    ForecastHistoryDaily,
    ForecastScore,
)
from tasks.forecasting.volume import COMBINED, NAIVE, Forecasts, errors, scores

_FEWEST_ORIGINS = 3  # past forecasts before intervals can be made at an origin


def past_quantiles(forecasts: Forecasts) -> Floats:
    """Quantiles (origins, queues, horizon, levels) from the errors known at each origin.

    NaN for the first origins, at which too few errors were known.
    """
    shape = (*forecasts.past.shape, len(prediction_intervals.LEVELS))
    quantiles = np.full(shape, np.nan)
    leads = np.arange(forecasts.panel.horizon)
    for place, fold in enumerate(forecasts.folds):
        if place < _FEWEST_ORIGINS:
            continue
        earlier = forecasts.folds[:place]
        known_then = [
            np.where(other.known + leads < fold.known, other.actual, np.nan) for other in earlier
        ]
        quantiles[place] = prediction_intervals.quantiles(
            forecasts.past[place], forecasts.past[:place], np.stack(known_then)
        )
    return quantiles


@dataclass(frozen=True, slots=True)
class Quality:
    """Past errors of a queue's forecast over its tickets (WAPE), and the coverage of its intervals.

    `noise_wape` is the error that chance alone makes. None where nothing was tested.
    """

    backtest_wape: float | None = None
    naive_wape: float | None = None
    noise_wape: float | None = None
    coverage_80: float | None = None
    coverage_95: float | None = None


def quality(forecasts: Forecasts, past: Floats) -> list[Quality]:
    """Quality by queue; `past` are the quantiles made at each origin."""
    if not forecasts.folds:
        return [Quality()] * len(forecasts.panel.queues)
    actual = forecasts.actual
    wrong = np.nansum(np.abs(actual - forecasts.past), axis=(0, 2))
    naive_wrong, tickets = errors(forecasts.folds, NAIVE)
    chance = prediction_intervals.chance_error(np.maximum(forecasts.past, 0))
    noise = np.where(np.isnan(actual), 0, chance).sum(axis=(0, 2))
    is_known = ~np.isnan(actual) & (past[..., -1] > 0)
    in_80 = (past[..., LOW_80] <= actual) & (actual <= past[..., HIGH_80]) & is_known
    in_95 = (past[..., LOW_95] <= actual) & (actual <= past[..., HIGH_95]) & is_known
    known = is_known.sum(axis=(0, 2))
    inside_80, inside_95 = in_80.sum(axis=(0, 2)), in_95.sum(axis=(0, 2))
    return [
        Quality(
            backtest_wape=_ratio(wrong[row], tickets[row]),
            naive_wape=_ratio(naive_wrong[row], tickets[row]),
            noise_wape=_ratio(noise[row], tickets[row]),
            coverage_80=_ratio(inside_80[row], known[row]),
            coverage_95=_ratio(inside_95[row], known[row]),
        )
        for row in range(len(tickets))
    ]


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def score_rows(history: History, forecasts: Forecasts) -> Iterator[ForecastScore]:
    """Past errors of every candidate, by team and days ahead."""
    rows = {queue_of(key): row for key, row in history.row_of_team.items()}
    for score in scores(forecasts):
        row = rows[score.queue]
        team, model = history.teams[row], forecasts.models[row]
        chosen = model if model in forecasts.folds[0].means else COMBINED
        yield ForecastScore(
            account=team.account,
            team_id=team.team_id,
            team=team.name,
            model=score.model,
            is_chosen=score.model == chosen,
            lead_from=score.lead_from,
            lead_until=score.lead_until,
            days=score.days,
            absolute_error=score.absolute_error,
            error=score.error,
            actual_tickets=score.actual,
            naive_error=score.naive_error,
        )


def accuracy_rows(
    history: History, forecasts: Forecasts, past: Floats
) -> Iterator[ForecastAccuracyDaily]:
    """Backtests day by day; `past` are the quantiles made at each origin."""
    panel = forecasts.panel
    for origin, fold in enumerate(forecasts.folds):
        for row, team in enumerate(history.teams):
            for lead in np.flatnonzero(~np.isnan(fold.actual[row])):
                quantiles = past[origin, row, lead]
                yield ForecastAccuracyDaily(
                    account=team.account,
                    team_id=team.team_id,
                    team=team.name,
                    origin_day=panel.day(fold.known - 1),
                    day=panel.day(int(fold.known + lead)),
                    lead_days=int(lead) + 1,
                    model=forecasts.models[row],
                    expected_tickets=float(forecasts.past[origin, row, lead]),
                    actual_tickets=float(fold.actual[row, lead]),
                    low_80=_known(quantiles[LOW_80]),
                    high_80=_known(quantiles[HIGH_80]),
                    low_95=_known(quantiles[LOW_95]),
                    high_95=_known(quantiles[HIGH_95]),
                )


def history_rows(history: History, forecasts: Forecasts) -> Iterator[ForecastHistoryDaily]:
    """Days of history that models saw changed, or not at all."""
    cleaned, panel = forecasts.cleaned, forecasts.panel
    for row, place in np.argwhere(cleaned.treated != Treated.AS_IT_IS):
        team = history.teams[row]
        yield ForecastHistoryDaily(
            account=team.account,
            team_id=team.team_id,
            team=team.name,
            day=panel.day(int(place)),
            treatment=Treated(int(cleaned.treated[row, place])).name.lower(),
            actual_tickets=_known(panel.values[row, place]),
            used_tickets=_known(cleaned.values[row, place]),
        )


def _known(value: float) -> float | None:
    """The value; None for NaN."""
    return None if np.isnan(value) else float(value)
