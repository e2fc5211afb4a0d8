"""A day's expected contacts spread over its intervals: top-down, so that they sum to their day.

A slot is a piece of the local wall clock (0 is midnight). The profile of a weekday is its mean
share by slot over recent weeks; a queue with few contacts borrows from a bigger one (its team, all
teams), a contact for a contact.

The actual number in a slot differs for three reasons: the day's total is uncertain, its shape is
not the usual one, and chance (Poisson). Their variances add up; quantiles are those of a gamma
distribution of that mean and variance, in whole contacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tasks.clock import midnight
from tasks.forecasting.panel import WEEK, Floats
from tasks.forecasting.prediction_intervals import LEVELS

WEEKS = 6
_BORROWED = 50.0  # own contacts that the bigger queue's profile is worth
_SIGMAS_80 = 2 * 1.2816  # width of a normal distribution's 80 % interval


def profiles(counts: Floats, wider: Floats | None = None) -> Floats:
    """Share of each slot (rows, 7 weekdays, slots) from contacts counted over `WEEKS` weeks.

    `counts` and `wider`, the profiles to borrow from, have the same shape. Without any contact a
    day is spread evenly.
    """
    if wider is None:
        # a weekday with few contacts takes the shape of the week
        week = counts.sum(axis=1, keepdims=True)
        total = week.sum(axis=-1, keepdims=True)
        even = np.full(counts.shape, 1 / counts.shape[-1])
        wider = np.where(total > 0, week / np.maximum(total, 1), even)
    mixed = counts + _BORROWED * wider
    return np.asarray(mixed / mixed.sum(axis=-1, keepdims=True))


def counts_by_slot(arrivals: Sequence[tuple[int, int, int, int]], shape: tuple[int, int]) -> Floats:
    """Contacts (rows, days, slots) over `WEEKS` weeks from (row, day, slot, contacts).

    `shape` is the number of rows and of slots.
    """
    counts = np.zeros((shape[0], WEEKS * WEEK, shape[1]))
    if arrivals:
        rows, days, slots, contacts = np.array(arrivals, dtype=np.int64).T
        np.add.at(counts, (rows, days, slots), contacts)
    return counts


def by_weekday(counts: Floats, first: date) -> Floats:
    """Contacts (rows, 7, slots) by weekday, Monday first, of counts by day from `first` on."""
    rows, _, slots = counts.shape
    weekdays = counts.reshape(rows, -1, WEEK, slots).sum(axis=1)
    return np.roll(weekdays, first.weekday(), axis=1)


def unsteadiness(counts: Floats, first: date, profile: Floats) -> Floats:
    """Variance of a slot's share from day to day beyond chance, relative to its square, by row.

    With n of a day and a share s, chance alone gives n s (1 - s) (multinomial). The profile was
    made of the same weeks, which hides one part in `WEEKS`. A queue with few contacts borrows from
    all.
    """
    totals = counts.sum(axis=2, keepdims=True)
    weekdays = (first.weekday() + np.arange(counts.shape[1])) % WEEK
    shares = profile[:, weekdays]
    usual = totals * shares
    seen = (counts - usual) ** 2 * WEEKS / (WEEKS - 1)
    beyond = (seen - usual * (1 - shares)).sum(axis=(1, 2))
    squares = (usual**2).sum(axis=(1, 2))
    all_rows = max(float(beyond.sum() / squares.sum()), 0.0) if squares.sum() > 0 else 0.0
    unknown = np.full(len(squares), all_rows)
    own = np.maximum(np.divide(beyond, squares, out=unknown, where=squares > 0), 0)
    contacts = totals.sum(axis=(1, 2))
    return np.asarray((contacts * own + _BORROWED * all_rows) / (contacts + _BORROWED))


def day_uncertainty(mean: Floats, low_80: Floats, high_80: Floats) -> Floats:
    """Variance of a day's total beyond chance over its mean squared, from its 80 % interval."""
    sigma = (high_80 - low_80) / _SIGMAS_80
    beyond = np.maximum(sigma**2 - mean, 0)
    return np.divide(beyond, mean**2, out=np.zeros_like(mean), where=mean > 0)


def quantiles(means: Floats, relative: Floats) -> Floats:
    """Quantiles (rows, slots, levels) for means by slot.

    `relative` is, by row, the variance beyond chance relative to the square of the mean.
    """
    from scipy.special import gammaincinv

    mean = np.maximum(means, 1e-9)[..., None]
    variance = mean + relative[:, None, None] * mean**2
    values = gammaincinv(mean**2 / variance, np.array(LEVELS)) * variance / mean
    return np.where(means[..., None] > 0, np.floor(values + 0.5), 0.0)


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of one local day: their begin (UTC) and their place on the wall clock.

    A day on which clocks go forward has fewer, one on which they go back has some twice.
    """

    day: date
    starts: tuple[datetime, ...]
    places: tuple[int, ...]


def slots_of(day: date, zone: str, minutes: int) -> Slots:
    """Slots of a local day. `minutes` divides 60."""
    starts, places = [], []
    at, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    while at < end:
        wall = at.astimezone(ZoneInfo(zone))
        starts.append(at.astimezone(UTC))
        places.append((wall.hour * 60 + wall.minute) // minutes)
        at += timedelta(minutes=minutes)
    return Slots(day, tuple(starts), tuple(places))


def spread(mean: Floats, profile: Floats, slots: Slots) -> Floats:
    """Each row's mean of the day over its slots (rows, slots); sums to the mean on every day."""
    shares = profile[:, slots.day.weekday(), list(slots.places)]
    total = np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(mean[:, None] * shares / total)
