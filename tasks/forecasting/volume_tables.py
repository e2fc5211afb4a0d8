"""Tables of expected volume: by team and day, in total, by week; and of other work."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from tasks.forecasting import prediction_intervals
from tasks.forecasting.backtest import Quality
from tasks.forecasting.history import History, Team
from tasks.forecasting.panel import WEEK, Floats, Kind
from tasks.forecasting.rows import (
    ForecastTotalDaily,
    ForecastVolumeDaily,
    ForecastWeekly,
    ForecastWorkloadDaily,
    quantile_fields,
)
from tasks.forecasting.volume import Forecasts, floor, forecast

ALL = "all"


def volume_rows(
    history: History, forecasts: Forecasts, quality: list[Quality]
) -> Iterator[ForecastVolumeDaily]:
    """One row for each team and day of the horizon."""
    panel = forecasts.panel
    for row, team in enumerate(history.teams):
        for lead in range(panel.horizon):
            place = panel.known + lead
            yield ForecastVolumeDaily(
                account=team.account,
                team_id=team.team_id,
                team=team.name,
                day=panel.day(place),
                lead_days=lead + 1,
                origin_day=panel.origin,
                model=forecasts.models[row],
                day_kind=Kind(int(panel.kinds[row, place])).name.lower(),
                expected_tickets=float(forecasts.means[row, lead]),
                backtest_wape=quality[row].backtest_wape,
                naive_wape=quality[row].naive_wape,
                noise_wape=quality[row].noise_wape,
                coverage_80=quality[row].coverage_80,
                coverage_95=quality[row].coverage_95,
                **quantile_fields(forecasts.quantiles[row, lead].tolist()),
            )


class _Group(NamedTuple):
    """Teams that are summed, and the name of the sum."""

    name: Team
    rows: list[int]


def _accounts(history: History) -> list[_Group]:
    """Every account's teams, and all teams."""
    accounts = sorted({team.account for team in history.teams})
    groups = [
        _Group(
            Team(account, ALL, ALL),
            [row for row, team in enumerate(history.teams) if team.account == account],
        )
        for account in accounts
    ]
    return [*groups, _Group(Team(ALL, ALL, ALL), list(range(len(history.teams))))]


def total_rows(history: History, forecasts: Forecasts) -> Iterator[ForecastTotalDaily]:
    """Sums over the teams of an account and over all, with the intervals of the sum itself."""
    panel = forecasts.panel
    for name, rows in _accounts(history):
        means = forecasts.means[rows].sum(axis=0)[None]
        past = forecasts.past[:, rows].sum(axis=1)[:, None]
        actual = _sum_known(forecasts.actual[:, rows])[:, None]
        quantiles = prediction_intervals.quantiles(means, past, actual)[0]
        for lead in range(panel.horizon):
            yield ForecastTotalDaily(
                account=name.account,
                day=panel.day(panel.known + lead),
                lead_days=lead + 1,
                expected_tickets=float(means[0, lead]),
                **quantile_fields(quantiles[lead].tolist()),
            )


def weekly_rows(history: History, forecasts: Forecasts) -> Iterator[ForecastWeekly]:
    """Sums of seven days by team, account and in all.

    Their intervals come from the errors of such sums: sums of the days' bounds would be too wide.
    """
    panel = forecasts.panel
    weeks = panel.horizon // WEEK
    if not weeks:
        return
    teams = [_Group(team, [row]) for row, team in enumerate(history.teams)]
    groups = [*teams, *_accounts(history)]
    known = [_sum_known(forecasts.actual[:, group.rows]) for group in groups]
    means = _weekly(_grouped(forecasts.means, groups), weeks)
    past = _weekly(_grouped(forecasts.past, groups), weeks)
    actual = _weekly(np.stack(known, axis=1), weeks)
    quantiles = prediction_intervals.quantiles(
        means, past, actual, prediction_intervals.WEEK_GROUPS
    )
    quantiles = np.where((means > 0)[..., None], quantiles, 0.0)
    for row, group in enumerate(groups):
        for week in range(weeks):
            first = panel.day(panel.known + week * WEEK)
            yield ForecastWeekly(
                account=group.name.account,
                team_id=group.name.team_id,
                team=group.name.name,
                first_day=first,
                last_day=first + timedelta(days=WEEK - 1),
                weeks_ahead=week + 1,
                expected_tickets=float(means[row, week]),
                **quantile_fields(quantiles[row, week].tolist()),
            )


def _grouped(days: Floats, groups: list[_Group]) -> Floats:
    """(..., groups, days): sums over the rows of each group."""
    return np.stack([days[..., group.rows, :].sum(axis=-2) for group in groups], axis=-2)


def _weekly(days: Floats, weeks: int) -> Floats:
    """(..., weeks): sums of seven days."""
    whole = days[..., : weeks * WEEK]
    return np.asarray(whole.reshape(*days.shape[:-1], weeks, WEEK).sum(axis=-1))


def _sum_known(actual: Floats) -> Floats:
    """Sum over queues (axis 1); NaN where no queue is known."""
    return np.where(np.isnan(actual).all(axis=1), np.nan, np.nansum(actual, axis=1))


def workload_rows(history: History) -> Iterator[ForecastWorkloadDaily]:
    """Other work by averages, which are enough for work that follows volume."""
    if not history.work_parts:
        return
    forecasts = forecast(history.work, candidates=floor)
    panel = forecasts.panel
    for row, part in enumerate(history.work_parts):
        team = history.teams[part.team_row]
        for lead in range(panel.horizon):
            yield ForecastWorkloadDaily(
                account=team.account,
                team_id=team.team_id,
                team=team.name,
                measure=part.name,
                day=panel.day(panel.known + lead),
                model=forecasts.models[row],
                expected_count=float(forecasts.means[row, lead]),
                **quantile_fields(forecasts.quantiles[row, lead].tolist()),
            )
