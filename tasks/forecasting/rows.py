"""Rows of the forecast tables: one class a table, one field a column.

The columns' meanings stand in `sql/marts/<table>.yml`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

# in the order of `prediction_intervals.LEVELS`
_QUANTILES = ("low_95", "q05", "low_80", "q25", "q50", "q75", "high_80", "q95", "high_95")
LOW_80, HIGH_80 = _QUANTILES.index("low_80"), _QUANTILES.index("high_80")
LOW_95, HIGH_95 = _QUANTILES.index("low_95"), _QUANTILES.index("high_95")


def quantile_fields(values: Iterable[float]) -> dict[str, float]:
    """Values in the order of the levels, by the names of their fields."""
    return dict(zip(_QUANTILES, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastVolumeDaily:
    """Tickets expected by team and day: `marts.forecast_volume_daily`."""

    account: str
    team_id: str
    team: str | None
    day: date
    lead_days: int
    origin_day: date
    model: str
    day_kind: str
    expected_tickets: float
    low_95: float
    q05: float
    low_80: float
    q25: float
    q50: float
    q75: float
    high_80: float
    q95: float
    high_95: float
    backtest_wape: float | None
    naive_wape: float | None
    noise_wape: float | None
    coverage_80: float | None
    coverage_95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastChannelDaily:
    """Tickets expected by team, channel and day: `marts.forecast_channel_daily`."""

    account: str
    team_id: str
    team: str | None
    channel: str
    day: date
    channel_share: float
    expected_tickets: float
    low_95: float
    q05: float
    low_80: float
    q25: float
    q50: float
    q75: float
    high_80: float
    q95: float
    high_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastTotalDaily:
    """Tickets expected by account and day: `marts.forecast_total_daily`."""

    account: str
    day: date
    lead_days: int
    expected_tickets: float
    low_95: float
    q05: float
    low_80: float
    q25: float
    q50: float
    q75: float
    high_80: float
    q95: float
    high_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastWeekly:
    """Tickets expected in each seven days: `marts.forecast_weekly`."""

    account: str
    team_id: str
    team: str | None
    first_day: date
    last_day: date
    weeks_ahead: int
    expected_tickets: float
    low_95: float
    q05: float
    low_80: float
    q25: float
    q50: float
    q75: float
    high_80: float
    q95: float
    high_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastWorkloadDaily:
    """Other work expected by team, measure and day: `marts.forecast_workload_daily`."""

    account: str
    team_id: str
    team: str | None
    measure: str
    day: date
    model: str
    expected_count: float
    low_95: float
    q05: float
    low_80: float
    q25: float
    q50: float
    q75: float
    high_80: float
    q95: float
    high_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastVolumeInterval:
    """Tickets expected by team, channel and interval: `marts.forecast_volume_interval`."""

    account: str
    team_id: str
    team: str | None
    channel: str
    starts_at: datetime
    interval_minutes: int
    day: date
    local_minute: int
    expected_tickets: float
    low_95: float
    q05: float
    low_80: float
    q25: float
    q50: float
    q75: float
    high_80: float
    q95: float
    high_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastScore:
    """Past errors of each candidate by team and lead: `marts.forecast_score`."""

    account: str
    team_id: str
    team: str | None
    model: str
    is_chosen: bool
    lead_from: int
    lead_until: int
    days: int
    absolute_error: float
    error: float
    actual_tickets: float
    naive_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastAccuracyDaily:
    """Backtests next to the actual tickets: `marts.forecast_accuracy_daily`."""

    account: str
    team_id: str
    team: str | None
    origin_day: date
    day: date
    lead_days: int
    model: str
    expected_tickets: float
    actual_tickets: float
    low_80: float | None
    high_80: float | None
    low_95: float | None
    high_95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastHistoryDaily:
    """Days of history that models saw changed: `marts.forecast_history_daily`."""

    account: str
    team_id: str
    team: str | None
    day: date
    treatment: str
    actual_tickets: float | None
    used_tickets: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastTables:
    """Rows of the forecast tables, made when they are read; a field's name is the table's."""

    forecast_volume_daily: Iterable[ForecastVolumeDaily] = ()
    forecast_channel_daily: Iterable[ForecastChannelDaily] = ()
    forecast_total_daily: Iterable[ForecastTotalDaily] = ()
    forecast_weekly: Iterable[ForecastWeekly] = ()
    forecast_workload_daily: Iterable[ForecastWorkloadDaily] = ()
    forecast_volume_interval: Iterable[ForecastVolumeInterval] = ()
    forecast_score: Iterable[ForecastScore] = ()
    forecast_accuracy_daily: Iterable[ForecastAccuracyDaily] = ()
    forecast_history_daily: Iterable[ForecastHistoryDaily] = ()
