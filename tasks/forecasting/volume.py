"""Daily ticket volume per queue: exponential smoothing with a weekly season, seasonal naive where history is short.

AutoETS (statsforecast) chooses error type and parameters; no trend, because one made daily support volume worse in
tests on real series. Intervals are split-conformal over rolling forecasts of the past (Lei et al. 2018), so they say
what errors the model really made at that distance. Nothing after the origin is seen.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

SEASON = 7
MIN_NAIVE_DAYS = 14
CALIBRATION_WINDOWS = 4
LONGEST_HISTORY = 400


@dataclass(frozen=True, slots=True)
class Expected:
    """One day of one queue. Tickets; bounds of the 80 and 95 % intervals, never below 0."""

    queue: str
    day: date
    lead_days: int
    model: str
    mean: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float
    backtest_wape: float | None


def forecast(history: Mapping[str, Sequence[tuple[date, float]]], *, horizon: int) -> list[Expected]:
    """Forecast every queue `horizon` days ahead.

    `history`: queue to (day, tickets), every day once and in order, the last one the origin. Raises ValueError for a
    gap, a negative or a missing value: an unknown day is not a zero.
    """
    long_enough: dict[str, Sequence[tuple[date, float]]] = {}
    short: dict[str, Sequence[tuple[date, float]]] = {}
    for queue, series in history.items():
        _check(queue, series)
        values = [value for _, value in series]
        needed = (CALIBRATION_WINDOWS + 1) * horizon + 2 * SEASON
        (long_enough if len(series) >= needed and any(values) else short)[queue] = series
    found = _smoothed(long_enough, horizon) if long_enough else []
    for queue, series in short.items():
        found += _naive(queue, series, horizon) if len(series) >= MIN_NAIVE_DAYS else _mean(queue, series, horizon)
    return sorted(found, key=lambda e: (e.queue, e.day))


def _check(queue: str, series: Sequence[tuple[date, float]]) -> None:
    for (before, _), (after, _) in itertools.pairwise(series):
        if after - before != timedelta(days=1):
            raise ValueError(f"{queue}: history jumps from {before} to {after}")
    if any(not np.isfinite(value) or value < 0 for _, value in series):
        raise ValueError(f"{queue}: history has a negative or missing value")


def _smoothed(history: Mapping[str, Sequence[tuple[date, float]]], horizon: int) -> list[Expected]:
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS
    from statsforecast.utils import ConformalIntervals

    frame = pd.DataFrame(
        [(queue, pd.Timestamp(day), float(value)) for queue, series in sorted(history.items())
         for day, value in series[-LONGEST_HISTORY:]],
        columns=["unique_id", "ds", "y"],
    )
    intervals = ConformalIntervals(n_windows=CALIBRATION_WINDOWS, h=horizon)
    engine = StatsForecast(models=[AutoETS(season_length=SEASON, model="ZNA", alias="ets")], freq="D", n_jobs=1)
    made = engine.forecast(df=frame, h=horizon, level=[80, 95], prediction_intervals=intervals)
    errors = _backtest(engine, frame, horizon)
    rows = []
    for row in made.to_dict("records"):
        queue, day = str(row["unique_id"]), row["ds"].date()
        low_80, high_80, low_95, high_95 = (max(0.0, float(row[f"ets-{end}"])) for end in ("lo-80", "hi-80", "lo-95", "hi-95"))
        rows.append(Expected(
            queue, day, (day - history[queue][-1][0]).days, "auto_ets", max(0.0, float(row["ets"])),
            low_80, high_80, low_95, high_95, errors[queue],
        ))
    return rows


def _backtest(engine: Any, frame: pd.DataFrame, horizon: int) -> dict[str, float | None]:
    """Per queue: sum of absolute errors over tickets, of the last `horizon` days forecast from before them."""
    tested = engine.cross_validation(df=frame, h=horizon, n_windows=1)
    found: dict[str, float | None] = {}
    for queue, part in tested.groupby("unique_id"):
        total = float(part["y"].sum())
        found[str(queue)] = float((part["y"] - part["ets"].clip(lower=0)).abs().sum()) / total if total else None
    return found


def _naive(queue: str, series: Sequence[tuple[date, float]], horizon: int) -> list[Expected]:
    """Last week again; the spread of week-to-week changes grows with the square root of the weeks ahead."""
    values = np.array([value for _, value in series])
    changes = values[SEASON:] - values[:-SEASON]
    spread = float(np.sqrt(np.mean(changes**2))) if len(changes) else float(values.std())
    origin = series[-1][0]
    rows = []
    for lead in range(1, horizon + 1):
        mean = float(values[len(values) - SEASON + (lead - 1) % SEASON])
        width = spread * float(np.sqrt((lead - 1) // SEASON + 1))
        rows.append(_normal(queue, origin, lead, model="seasonal_naive", mean=mean, width=width))
    return rows


def _mean(queue: str, series: Sequence[tuple[date, float]], horizon: int) -> list[Expected]:
    """Cold start: the mean of what there is, with a wide band."""
    values = np.array([value for _, value in series])
    mean, width = float(values.mean()), float(max(values.std(), np.sqrt(values.mean() + 1)))
    return [_normal(queue, series[-1][0], lead, model="mean", mean=mean, width=width) for lead in range(1, horizon + 1)]


def _normal(queue: str, origin: date, lead: int, *, model: str, mean: float, width: float) -> Expected:
    def bound(z: float) -> float:
        return max(0.0, mean + z * width)

    return Expected(
        queue, origin + timedelta(days=lead), lead, model, mean, bound(-1.2816), bound(1.2816), bound(-1.96), bound(1.96), None
    )
