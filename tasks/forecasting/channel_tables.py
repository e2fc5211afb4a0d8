"""A team's forecast split by the channels' recent shares, and over the intervals of a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tasks.forecasting import intraday, prediction_intervals
from tasks.forecasting.history import BUCKET_SECONDS, History, Part, TeamKey
from tasks.forecasting.panel import Floats
from tasks.forecasting.rows import (
    HIGH_80,
    LOW_80,
    ForecastChannelDaily,
    ForecastVolumeInterval,
    quantile_fields,
)
from tasks.forecasting.volume import Forecasts

_SHARE_DAYS = 28


@dataclass(frozen=True, slots=True)
class ChannelForecasts:
    """Forecasts by channel; their means sum to their team's.

    `shares` of the team are (channels), `means` (channels, horizon) and `quantiles` (channels,
    horizon, levels).
    """

    shares: Floats
    means: Floats
    quantiles: Floats


def channel_forecasts(history: History, forecasts: Forecasts) -> ChannelForecasts:
    """Split the teams' forecasts; the channels' own past errors make their quantiles."""
    horizon, levels = forecasts.panel.horizon, len(prediction_intervals.LEVELS)
    if not history.channels:
        return ChannelForecasts(np.zeros(0), np.zeros((0, horizon)), np.zeros((0, horizon, levels)))
    teams = np.array([channel.team_row for channel in history.channels], dtype=int)
    shares = _shares(history.by_channel, forecasts.panel.known, teams)
    means = forecasts.means[teams] * shares[:, None]
    past = np.empty((len(forecasts.folds), *means.shape))
    actual = np.full(past.shape, np.nan)
    for origin, fold in enumerate(forecasts.folds):
        shares_then = _shares(history.by_channel, fold.known, teams)
        past[origin] = forecasts.past[origin][teams] * shares_then[:, None]
        known = history.by_channel[:, fold.known : fold.known + horizon]
        actual[origin, :, : known.shape[1]] = known
    quantiles = prediction_intervals.quantiles(means, past, actual)
    return ChannelForecasts(shares, means, np.where((means > 0)[..., None], quantiles, 0.0))


def _shares(counts: Floats, known: int, teams: NDArray[np.int64]) -> Floats:
    """Share of its team that each channel had in the last four weeks before day `known`.

    Of all known days if nothing was created in these. `teams` gives each channel's team.
    """
    own, team = _sums(counts[:, max(known - _SHARE_DAYS, 0) : known], teams)
    own_ever, team_ever = _sums(counts[:, :known] + 1e-9, teams)
    return np.where(team > 0, own / np.where(team > 0, team, 1), own_ever / team_ever)


def _sums(counts: Floats, teams: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Sums over days: each channel's own, and its team's."""
    own = counts.sum(axis=1)
    by_team = np.asarray(np.bincount(teams, own), dtype=np.float64)
    return own, by_team[teams]


def channel_rows(
    history: History, forecasts: Forecasts, split: ChannelForecasts
) -> Iterator[ForecastChannelDaily]:
    """One row for each channel of a team and day of the horizon."""
    panel = forecasts.panel
    for row, channel in enumerate(history.channels):
        team = history.teams[channel.team_row]
        for lead in range(panel.horizon):
            yield ForecastChannelDaily(
                account=team.account,
                team_id=team.team_id,
                team=team.name,
                channel=channel.name,
                day=panel.day(panel.known + lead),
                channel_share=float(split.shares[row]),
                expected_tickets=float(split.means[row, lead]),
                **quantile_fields(split.quantiles[row, lead].tolist()),
            )


def interval_rows(
    history: History, split: ChannelForecasts, minutes: int, days: int
) -> Iterator[ForecastVolumeInterval]:
    """Channels over the intervals of `minutes` of each of the next `days` days."""
    panel = history.volume
    profiles, unsteadiness = _profiles(history, minutes)
    for lead in range(min(days, panel.horizon)):
        slots = intraday.slots_of(panel.day(panel.known + lead), history.zone, minutes)
        means = intraday.spread(split.means[:, lead], profiles, slots)
        bounds = split.quantiles[:, lead, LOW_80], split.quantiles[:, lead, HIGH_80]
        uncertainty = intraday.day_uncertainty(split.means[:, lead], *bounds)
        quantiles = intraday.quantiles(means, uncertainty + unsteadiness)
        yield from _day_rows(history, slots, minutes, means, quantiles)


def _day_rows(
    history: History, slots: intraday.Slots, minutes: int, means: Floats, quantiles: Floats
) -> Iterator[ForecastVolumeInterval]:
    # plain numbers all at once: there are many
    all_means, all_quantiles = means.tolist(), quantiles.tolist()
    for row, channel in enumerate(history.channels):
        team = history.teams[channel.team_row]
        for at, (starts_at, slot) in enumerate(zip(slots.starts, slots.places, strict=True)):
            yield ForecastVolumeInterval(
                account=team.account,
                team_id=team.team_id,
                team=team.name,
                channel=channel.name,
                starts_at=starts_at,
                interval_minutes=minutes,
                day=slots.day,
                local_minute=slot * minutes,
                expected_tickets=all_means[row][at],
                **quantile_fields(all_quantiles[row][at]),
            )


def _profiles(history: History, minutes: int) -> tuple[Floats, Floats]:
    """Shape of each channel's day, and how much it differs from day to day."""
    first = history.volume.origin - timedelta(days=7 * intraday.WEEKS - 1)
    shape = (len(history.channels), 24 * 60 // minutes)
    by_day = intraday.counts_by_slot(_arrivals(history, minutes), shape)
    counts = intraday.by_weekday(by_day, first)
    wider = None
    if len(counts):
        all_channels = np.broadcast_to(counts.sum(axis=0), counts.shape)
        wider = intraday.profiles(all_channels)
    profiles = intraday.profiles(counts, wider)
    return profiles, intraday.unsteadiness(by_day, first, profiles)


def _arrivals(history: History, minutes: int) -> list[tuple[int, int, int, int]]:
    """Arrivals as (channel row, day, slot of the local day, contacts)."""
    first = history.volume.origin - timedelta(days=7 * intraday.WEEKS - 1)
    zone, teams = ZoneInfo(history.zone), history.row_of_team
    rows = {channel: row for row, channel in enumerate(history.channels)}
    listed = []
    for arrival in history.arrivals:
        team_row = teams.get(TeamKey(arrival.account, arrival.team_id), -1)
        row = rows.get(Part(team_row, arrival.channel or "other"))
        if row is None:
            continue
        created = datetime.fromtimestamp(arrival.quarter * BUCKET_SECONDS, UTC).astimezone(zone)
        slot = (created.hour * 60 + created.minute) // minutes
        listed.append((row, (created.date() - first).days, slot, arrival.tickets))
    return listed
