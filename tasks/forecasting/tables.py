"""Every forecast table from history: the way in to this room."""

from collections.abc import Callable

from tasks.forecasting.backtest import (
    accuracy_rows,
    history_rows,
    past_quantiles,
    quality,
    score_rows,
)
from tasks.forecasting.channel_tables import channel_forecasts, channel_rows, interval_rows
from tasks.forecasting.engine import engine
from tasks.forecasting.history import History
from tasks.forecasting.rows import ForecastTables
from tasks.forecasting.volume import floor, forecast, full
from tasks.forecasting.volume_tables import total_rows, volume_rows, weekly_rows, workload_rows
from tasks.settings import PlanningSettings


def forecast_tables(
    history: History, planning: PlanningSettings, progress: Callable[[str], None]
) -> ForecastTables:
    """Forecast every team, split it by channel and interval, and test it on the past.

    Rows are made when they are read: there are many intervals. `progress` gets a line after each
    part of the work.
    """
    if not history.teams:
        return ForecastTables()
    forecasts = forecast(
        history.volume,
        candidates=floor if planning.models == "floor" else full,
        engine=engine(planning.engine),
        progress=lambda done, total: progress(_bar(done, total)),
    )
    past = past_quantiles(forecasts)
    split = channel_forecasts(history, forecasts)
    minutes, days = planning.interval_minutes, planning.interval_days
    return ForecastTables(
        forecast_volume_daily=volume_rows(history, forecasts, quality(forecasts, past)),
        forecast_channel_daily=channel_rows(history, forecasts, split),
        forecast_total_daily=total_rows(history, forecasts),
        forecast_weekly=weekly_rows(history, forecasts),
        forecast_workload_daily=workload_rows(history),
        forecast_volume_interval=interval_rows(history, split, minutes, days),
        forecast_score=score_rows(history, forecasts),
        forecast_accuracy_daily=accuracy_rows(history, forecasts, past),
        forecast_history_daily=history_rows(history, forecasts),
    )


def _bar(done: int, total: int) -> str:
    """Progress as a line that logs and terminals show alike."""
    marks = 20 * done // total
    return f"forecast: [{'#' * marks}{'.' * (20 - marks)}] {done} of {total} parts done"
