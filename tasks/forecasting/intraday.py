"""A day's expected contacts spread over its quarter or half hours: top-down, so that intervals sum to their day.

A slot is a piece of the local wall clock (0 is midnight). The profile of a weekday is its mean share by slot over recent
weeks; a queue with few contacts borrows from a bigger one (its team, all teams), a contact for a contact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tasks.clock import midnight
from tasks.forecasting.panel import WEEK, Floats

WEEKS = 6
_BORROWED = 50.0  # contacts of one's own that the bigger queue's profile is worth


def profiles(counts: Floats, wider: Floats | None = None) -> Floats:
    """Share of each slot (rows, 7 weekdays, slots) from contacts counted by weekday and slot over `WEEKS` weeks.

    `wider`, of the same shape, are the profiles to borrow from. Without any contact at all a day is spread evenly.
    """
    slots = counts.shape[-1]
    even = np.full(counts.shape, 1 / slots)
    if wider is None:
        every = counts.sum(axis=1, keepdims=True)  # a weekday with little of its own takes the week's shape
        total = every.sum(axis=-1, keepdims=True)
        wider = np.where(total > 0, every / np.maximum(total, 1), even)
    mixed = counts + _BORROWED * wider
    return np.asarray(mixed / mixed.sum(axis=-1, keepdims=True))


def counts_by_slot(found: Sequence[tuple[int, int, int, int]], shape: tuple[int, int]) -> Floats:
    """(rows, 7, slots) of contacts from (row, weekday, slot, contacts); `shape` is the number of rows and of slots."""
    made = np.zeros((shape[0], WEEK, shape[1]))
    if found:
        rows, weekdays, slots, contacts = np.array(found, dtype=np.int64).T
        np.add.at(made, (rows, weekdays, slots), contacts)
    return made


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
    """(rows, slots of the day): each row's mean of the day over its slots; sums to the mean, whatever clocks do."""
    shares = profile[:, slots.day.weekday(), list(slots.places)]
    return np.asarray(mean[:, None] * shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300))
