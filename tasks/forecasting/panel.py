"""Daily counts of queues side by side, what is known of their calendar, and how history is made fit
to learn from.

Days run along columns. NaN is "not known" (or closed), never zero. Nothing here looks beyond the
last known day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

WEEK = 7
LONGEST_HISTORY = 400  # days learned from: a year, and a month to see the same season's begin
_NEIGHBOURS = 4  # weeks on either side that say what an ordinary day would have been
_SHIFT_WEEKS, _SHIFT_BEFORE, _SHIFT_AFTER, _SHIFT_DAYS = (
    10,
    (4, 8),
    2,
    4,
)  # where shifts are looked for, weeks and days
_SHIFT_ERRORS, _SHIFT_RATIO = 6.0, 1.3
_LONGEST_LOSS = (
    7  # days of zeros in a row that may be lost data; after more the queue has been stopped
)
# a day that usually has so many is zero once in 3,000 times (Poisson): then data is missing
_SURELY_MORE = 8.0


class Kind(IntEnum):
    """What the calendar says of a day."""

    ORDINARY = 0
    REDUCED = 1  # a holiday or a bridge day: people write, but fewer
    CLOSED = 2  # nothing can come
    EVENT = 3  # a release, a campaign


class Treated(IntEnum):
    """What was done to a day of history before models saw it."""

    AS_IT_IS = 0
    SPECIAL = 1  # replaced by an ordinary day; its own effect is learned apart
    OUTLIER = 2  # cut to the most that is believable
    MISSING = 3  # zero where zero cannot be: taken as unknown
    # from this day on more or fewer come for good: the days before are scaled to the new level
    LEVEL_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """Queues (rows) on days (columns): `values` up to the last known day, `kinds` for these and the
    days to forecast.
    """

    queues: tuple[str, ...]
    first: date
    values: Floats
    kinds: Codes

    @property
    def known(self) -> int:
        """Known days."""
        return int(self.values.shape[1])

    @property
    def horizon(self) -> int:
        """Days whose calendar is known beyond the last known day."""
        return int(self.kinds.shape[1]) - self.known

    @property
    def origin(self) -> date:
        """The last known day."""
        return self.first + timedelta(days=self.known - 1)

    def day(self, place: int) -> date:
        """The day of a column."""
        return self.first + timedelta(days=place)

    def until(self, known: int, horizon: int) -> "Panel":
        """As it was after `known` days, with the calendar `horizon` days further."""
        return replace(self, values=self.values[:, :known], kinds=self.kinds[:, : known + horizon])

    def part(self, rows: slice) -> "Panel":
        """Some of the queues."""
        return replace(
            self, queues=self.queues[rows], values=self.values[rows], kinds=self.kinds[rows]
        )


def panel(
    history: Mapping[str, Mapping[date, float]],
    *,
    last: date,
    horizon: int,
    special: Mapping[str, Mapping[date, Kind]] | None = None,
) -> Panel:
    """Queues with their counts by day, up to `last`. Days that are not given are unknown.

    Raises ValueError for a negative count, one that is not a number, or a day after `last`.
    """
    queues = tuple(sorted(history))
    every = [day for queue in queues for day in history[queue]]
    first = max(min(every, default=last), last - timedelta(days=LONGEST_HISTORY - 1))
    known = (last - first).days + 1
    values = np.full((len(queues), known), np.nan)
    kinds = np.zeros((len(queues), known + horizon), dtype=np.int8)
    for row, queue in enumerate(queues):
        for day, count in history[queue].items():
            if not np.isfinite(count) or count < 0 or day > last:
                raise ValueError(f"{queue}, {day}: {count} is not a count of a day up to {last}")
            if day >= first:
                values[row, (day - first).days] = count
        for day, kind in (special or {}).get(queue, {}).items():
            if first <= day < first + timedelta(days=known + horizon):
                kinds[row, (day - first).days] = kind
    return Panel(queues, first, values, kinds)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """History to learn from: `values` without special days, outliers and lost days; what was done;
    open weekdays.

    `factors` gives, per queue and kind of day, the share of an ordinary day that comes. `opens`
    says on which places of the week (day number modulo 7, counted from the panel's first day)
    anything ever came of late.
    """

    values: Floats
    treated: Codes
    factors: Floats
    opens: NDArray[np.bool_]

    def part(self, rows: slice) -> "Cleaned":
        """Some of the queues."""
        return Cleaned(self.values[rows], self.treated[rows], self.factors[rows], self.opens[rows])


def clean(panel: Panel) -> Cleaned:
    """History of the panel made fit to learn from, by what was known on its last day."""
    known, kinds = panel.known, panel.kinds[:, : panel.known]
    values = panel.values.copy()
    values[kinds == Kind.CLOSED] = np.nan
    ordinary = np.where(kinds == Kind.ORDINARY, values, np.nan)
    usual = _usual(ordinary)
    treated = np.zeros(values.shape, dtype=np.int8)
    lost = (ordinary == 0) & (usual >= _SURELY_MORE) & (_run_of_zeros(ordinary) <= _LONGEST_LOSS)
    treated[lost] = Treated.MISSING
    ordinary[lost] = np.nan
    most = _most(ordinary, usual)
    high = ordinary > most
    treated[high] = Treated.OUTLIER
    made = np.where(high, most, ordinary)
    special = (kinds != Kind.ORDINARY) & (kinds != Kind.CLOSED)
    treated[special] = Treated.SPECIAL
    opens = _opens(made)
    begun = np.cumsum(~np.isnan(panel.values), axis=1) > 0
    made = np.where(np.isnan(made) & begun & opens[:, np.arange(known) % WEEK], usual, made)
    made, shifts = _on_one_level(made)
    treated[shifts] = Treated.LEVEL_SHIFT
    return Cleaned(made, treated, _factors(values, usual, kinds, opens), opens)


def _on_one_level(values: Floats) -> tuple[Floats, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Days before the greatest level shift of the last ten weeks scaled to the level after it;
    where it is (row, day).

    A shift is between weeks: at least two after it whose median differs from that of four to eight
    before by six of its standard errors (robust, counts never steadier than Poisson) and by 30 % or
    more.
    """
    weeks = _by_week(values)
    days = (~np.isnan(weeks)).sum(axis=2)
    level = np.where(days >= _SHIFT_DAYS, np.nansum(weeks, axis=2) / np.maximum(days, 1), np.nan)
    queues, count = level.shape
    least, place, scale = np.full(queues, np.inf), np.zeros(queues, dtype=np.int64), np.ones(queues)
    for week in range(max(_SHIFT_BEFORE[0], count - _SHIFT_WEEKS), count - 1):
        before, after = (
            level[:, max(0, week - _SHIFT_BEFORE[1]) : week],
            level[:, week : week + _SHIFT_BEFORE[1]],
        )
        score, ratio, rest = _shift(before, after)
        better = (
            (score > _SHIFT_ERRORS)
            & ((ratio > _SHIFT_RATIO) | (ratio < 1 / _SHIFT_RATIO))
            & (rest < least)
        )
        least, place, scale = (
            np.where(better, rest, least),
            np.where(better, week, place),
            np.where(better, ratio, scale),
        )
    rows = np.flatnonzero(place)
    starts = np.maximum(values.shape[1] - (count - place[rows]) * WEEK, 0)
    made = values.copy()
    for row, start in zip(rows, starts, strict=True):
        made[row, :start] *= scale[row] if np.isfinite(scale[row]) else np.nan
    return made, (rows, starts)


def _shift(before: Floats, after: Floats) -> tuple[Floats, Floats, Floats]:
    """Standard errors between the medians of two spans of weeks, their ratio, and what they leave
    unexplained.

    0 errors where too few weeks are known.
    """
    known_before, known_after = (~np.isnan(before)).sum(axis=1), (~np.isnan(after)).sum(axis=1)
    old, new = nanmedian(before), nanmedian(after)
    off = np.abs(np.concatenate([before - old[:, None], after - new[:, None]], axis=1))
    chance = np.sqrt(np.maximum(np.fmax(old, new), 0.5) / WEEK)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.fmax(1.4826 * nanmedian(off), chance) * np.sqrt(
            1 / known_before + 1 / known_after
        )
        score, ratio, rest = (
            np.abs(new - old) / spread,
            new / old,
            np.nansum(off, axis=1) / (known_before + known_after),
        )
    enough = (known_before >= _SHIFT_BEFORE[0]) & (known_after >= _SHIFT_AFTER)
    return np.where(enough, np.nan_to_num(score), 0.0), ratio, rest


def _by_week(values: Floats) -> Floats:
    """(queues, weeks, 7), the last known day in the last place; NaN before the first day."""
    queues, known = values.shape
    weeks = -(-known // WEEK)
    padded = np.full((queues, weeks * WEEK), np.nan)
    padded[:, weeks * WEEK - known :] = values
    return padded.reshape(queues, weeks, WEEK)


def _unfold(weeks: Floats, known: int) -> Floats:
    return weeks.reshape(weeks.shape[0], -1)[:, -known:]


def _around(values: Floats) -> Floats:
    """(queues, weeks, 7, places): the same weekday of the weeks around each day, the day itself
    left out.
    """
    weeks = _by_week(values)
    edge = np.full((weeks.shape[0], _NEIGHBOURS, WEEK), np.nan)
    wide = np.concatenate([edge, weeks, edge], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(wide, 2 * _NEIGHBOURS + 1, axis=1)
    return np.delete(windows, _NEIGHBOURS, axis=-1)


def _usual(ordinary: Floats) -> Floats:
    """Median of the same weekday in the weeks around; NaN where none is known."""
    return _unfold(nanmedian(_around(ordinary)), ordinary.shape[1])


def _run_of_zeros(values: Floats) -> Floats:
    """Days of the run of zeros that each day is in; unknown days neither end a run nor count."""
    held = np.zeros(values.shape)
    for columns in (range(values.shape[1]), range(values.shape[1] - 1, -1, -1)):
        run = np.zeros(len(values))
        for at in columns:
            run = np.where(values[:, at] > 0, 0, run + (values[:, at] == 0))
            held[:, at] += run
    return np.maximum(held - 1, 0)  # the day itself was counted from both sides


def _most(ordinary: Floats, usual: Floats) -> Floats:
    """The most that is believed of a day: six robust deviations over the usual, counts never
    steadier than Poisson.
    """
    around = _around(ordinary)
    middle = nanmedian(around)
    spread = _unfold(1.4826 * nanmedian(np.abs(around - middle[..., None])), ordinary.shape[1])
    return np.where(
        np.isnan(usual), np.inf, usual + 6 * np.maximum(spread, np.sqrt(np.maximum(usual, 1)))
    )


def _opens(values: Floats) -> NDArray[np.bool_]:
    """Whether anything came in the last eight weeks, by place in the week counted from the first
    day.
    """
    weeks = _by_week(values)[:, -8:]
    seen = np.nan_to_num(weeks).sum(axis=1) > 0
    return np.asarray(np.roll(seen, values.shape[1] % WEEK, axis=1))


def _factors(values: Floats, usual: Floats, kinds: Codes, opens: NDArray[np.bool_]) -> Floats:
    """Share of an ordinary day that comes on a special one: (queues, kinds), learned over all
    queues, then per queue.

    The median over all queues stands in for three examples of a queue's own. Without any example a
    reduced day is like the quietest open day of the week, an event like an ordinary day.
    """
    found = np.ones((values.shape[0], len(Kind)))
    found[:, Kind.CLOSED] = 0.0
    for kind in (Kind.REDUCED, Kind.EVENT):
        seen = (kinds == kind) & ~np.isnan(values) & (usual > 0)
        shares = np.where(seen, values / np.where(seen, usual, 1), np.nan)
        weights = np.where(seen, usual, 0)
        if seen.any():
            pooled = float(np.nansum(shares * weights) / weights.sum())
        else:
            pooled = (
                float(np.nanmedian(_quietest(usual, opens)))
                if kind == Kind.REDUCED and len(usual)
                else 1.0
            )
        count = seen.sum(axis=1)
        own = np.nan_to_num(nanmedian(shares))
        found[:, kind] = (3 * pooled + count * own) / (3 + count)
    return found


def _quietest(usual: Floats, opens: NDArray[np.bool_]) -> Floats:
    """The week's least day over its middle one, per queue; 1 where nothing is known."""
    weeks = nanmedian(np.moveaxis(_by_week(usual)[:, -8:], 1, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.nanmin(np.where(np.isnan(weeks), np.inf, weeks), axis=1) / nanmedian(weeks)
    return np.where(np.isfinite(share), share, 1.0)


def nanmedian(values: Floats) -> Floats:
    """Median along the last axis without unknown values; NaN where all are unknown."""
    ordered = np.sort(values, axis=-1)  # NaN goes last
    count = (~np.isnan(values)).sum(axis=-1)
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    at = np.take_along_axis(
        ordered, np.stack([low, np.minimum(high, values.shape[-1] - 1)], axis=-1), axis=-1
    )
    return np.asarray(at.mean(axis=-1))
