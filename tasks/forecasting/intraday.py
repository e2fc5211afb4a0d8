"""A day's expected contacts spread over its quarter or half hours: top-down, so that intervals sum
to their day.

A slot is a piece of the local wall clock (0 is midnight). The profile of a weekday is its mean
share by slot over recent weeks; a queue with few contacts borrows from a bigger one (its team, all
teams), a contact for a contact.

How many really come in a slot differs for three reasons: the day's total is not sure, its shape is
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
_BORROWED = 50.0  # contacts of one's own that the bigger queue's profile is worth
_SIGMAS_80 = 2 * 1.2816  # width of a normal law's 80 % band


def profiles(counts: Floats, wider: Floats | None = None) -> Floats:
    """Share of each slot (rows, 7 weekdays, slots) from contacts counted by weekday and slot over
    `WEEKS` weeks.

    `wider`, of the same shape, are the profiles to borrow from. Without any contact at all a day is
    spread evenly.
    """
    slots = counts.shape[-1]
    even = np.full(counts.shape, 1 / slots)
    if wider is None:
        every = counts.sum(
            axis=1, keepdims=True
        )  # a weekday with little of its own takes the week's shape
        total = every.sum(axis=-1, keepdims=True)
        wider = np.where(total > 0, every / np.maximum(total, 1), even)
    mixed = counts + _BORROWED * wider
    return np.asarray(mixed / mixed.sum(axis=-1, keepdims=True))


def counts_by_slot(found: Sequence[tuple[int, int, int, int]], shape: tuple[int, int]) -> Floats:
    """(rows, days, slots) of contacts over `WEEKS` weeks from (row, day, slot, contacts); `shape`
    is the number of rows and of slots.
    """
    made = np.zeros((shape[0], WEEKS * WEEK, shape[1]))
    if found:
        rows, days, slots, contacts = np.array(found, dtype=np.int64).T
        np.add.at(made, (rows, days, slots), contacts)
    return made


def by_weekday(counts: Floats, first: date) -> Floats:
    """(rows, 7, slots): contacts by weekday, Monday first, of counts by day from `first` on."""
    rows, _, slots = counts.shape
    return np.roll(counts.reshape(rows, -1, WEEK, slots).sum(axis=1), first.weekday(), axis=1)


def unsteadiness(counts: Floats, first: date, profile: Floats) -> Floats:
    """By row: variance of a slot's share from day to day, relative to the share's square, beyond
    what chance makes.

    With n of a day and a share s, chance alone gives n s (1 - s) (multinomial); the profile was
    made of the same weeks, which hides one part in `WEEKS`. A queue with few contacts borrows from
    all.
    """
    totals = counts.sum(axis=2, keepdims=True)
    shares = profile[:, (first.weekday() + np.arange(counts.shape[1])) % WEEK]
    usual = totals * shares
    beyond = ((counts - usual) ** 2 * WEEKS / (WEEKS - 1) - usual * (1 - shares)).sum(axis=(1, 2))
    squares = (usual**2).sum(axis=(1, 2))
    every = max(float(beyond.sum() / squares.sum()), 0.0) if squares.sum() > 0 else 0.0
    own = np.maximum(
        np.divide(beyond, squares, out=np.full(len(squares), every), where=squares > 0), 0
    )
    contacts = totals.sum(axis=(1, 2))
    return np.asarray((contacts * own + _BORROWED * every) / (contacts + _BORROWED))


def day_uncertainty(mean: Floats, low_80: Floats, high_80: Floats) -> Floats:
    """Variance of a day's total relative to the square of its mean, beyond chance, from its 80 %
    band.
    """
    beyond = np.maximum(((high_80 - low_80) / _SIGMAS_80) ** 2 - mean, 0)
    return np.divide(beyond, mean**2, out=np.zeros_like(mean), where=mean > 0)


def quantiles(spread: Floats, relative: Floats) -> Floats:
    """(rows, slots, levels) for means by slot; `relative` by row: variance beyond chance relative
    to the square of the mean.
    """
    from scipy.special import gammaincinv

    mean = np.maximum(spread, 1e-9)[..., None]
    variance = mean + relative[:, None, None] * mean**2
    found = gammaincinv(mean**2 / variance, np.array(LEVELS)) * variance / mean
    return np.where(spread[..., None] > 0, np.floor(found + 0.5), 0.0)


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of one local day: when each begins (UTC) and which piece of the wall clock it is.

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
    """(rows, slots of the day): each row's mean of the day over its slots; sums to the mean,
    whatever clocks do.
    """
    shares = profile[:, slots.day.weekday(), list(slots.places)]
    return np.asarray(
        mean[:, None] * shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
    )
