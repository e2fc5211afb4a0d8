"""Daily counts of queues as a panel, their calendar, and how history is cleaned to learn from.

Days run along columns. NaN is "not known" (or closed), never zero. Nothing here looks beyond the
last known day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

WEEK = 7
_OF_LATE = 8  # known days of a weekday that show whether it is open, and what is usual
LONGEST_HISTORY = 400  # days learned from: a year, and a month to see the same season begin
_NEIGHBOURS = 4  # weeks on either side that show what an ordinary day would have been
_SIGMA = 1.4826  # median absolute deviations of a normal distribution in one standard deviation
_SHIFT_WEEKS = 10  # weeks in which level shifts are looked for
_SHIFT_BEFORE, _SHIFT_SPAN = 4, 8  # weeks known before a shift at least, and looked at most
_SHIFT_AFTER = 2  # weeks known after a shift at least
_SHIFT_DAYS = 4  # known days that a week needs
_SHIFT_ERRORS, _SHIFT_RATIO = 6.0, 1.3  # standard errors, and how many times more or less
_LONGEST_LOSS = 7  # days of zeros in a row that may be lost data; after more the queue has stopped
# a day that usually has this many is zero once in 3,000 times (Poisson): then data is missing
_SURELY_MORE = 8.0


class Kind(IntEnum):
    """Kind of a day on the calendar."""

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
    # from this day on the level is another one: the days before are scaled to it
    LEVEL_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """Queues (rows) on days (columns).

    `values` reach up to the last known day, `kinds` of days also over the days to forecast.
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
        """The panel as it was after `known` days, with the calendar of `horizon` days more."""
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
    """Queues with their counts by day up to `last`; days that are not given are unknown.

    Raises ValueError for a negative count, one that is not a number, or a day after `last`.
    """
    queues = tuple(sorted(history))
    all_days = [day for queue in queues for day in history[queue]]
    earliest = last - timedelta(days=LONGEST_HISTORY - 1)
    first = max(min(all_days, default=last), earliest)
    known = (last - first).days + 1
    end = first + timedelta(days=known + horizon)
    values = np.full((len(queues), known), np.nan)
    kinds = np.zeros((len(queues), known + horizon), dtype=np.int8)
    for row, queue in enumerate(queues):
        for day, count in history[queue].items():
            if not np.isfinite(count) or count < 0 or day > last:
                raise ValueError(f"{queue}, {day}: {count} is not a count of a day up to {last}")
            if day >= first:
                values[row, (day - first).days] = count
        for day, kind in (special or {}).get(queue, {}).items():
            if first <= day < end:
                kinds[row, (day - first).days] = kind
    return Panel(queues, first, values, kinds)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """History to learn from: `values` (queues, days) without special days, outliers and lost days.

    `treated` holds what was done to each day. `factors` (queues, kinds) is the share of an ordinary
    day that comes on a day of each kind. `opens` (queues, 7) marks the places of the week (day
    number modulo 7, counted from the panel's first day) on which anything came of late.
    `workday` (queues) is the count of a middle weekday of late, closed ones left out.
    """

    values: Floats
    treated: Codes
    factors: Floats
    opens: Flags
    workday: Floats

    def part(self, rows: slice) -> "Cleaned":
        """Some of the queues."""
        return Cleaned(
            self.values[rows],
            self.treated[rows],
            self.factors[rows],
            self.opens[rows],
            self.workday[rows],
        )


def clean(panel: Panel) -> Cleaned:
    """Clean the panel's history by what was known on its last day."""
    known = panel.known
    kinds = panel.kinds[:, :known]
    values = np.where(kinds == Kind.CLOSED, np.nan, panel.values)
    ordinary = np.where(kinds == Kind.ORDINARY, values, np.nan)
    treated = np.zeros(values.shape, dtype=np.int8)
    usual = _usual(ordinary)
    is_short_run = _run_of_zeros(ordinary) <= _LONGEST_LOSS
    lost = (ordinary == 0) & (usual >= _SURELY_MORE) & is_short_run
    treated[lost] = Treated.MISSING
    ordinary[lost] = np.nan
    most = _most(ordinary, usual)
    too_high = ordinary > most
    treated[too_high] = Treated.OUTLIER
    believable = np.where(too_high, most, ordinary)
    is_special = (kinds != Kind.ORDINARY) & (kinds != Kind.CLOSED)
    treated[is_special] = Treated.SPECIAL
    opens = _opens(believable)
    has_begun = np.cumsum(~np.isnan(panel.values), axis=1) > 0
    is_open = opens[:, np.arange(known) % WEEK]
    is_gap = np.isnan(believable) & has_begun & is_open
    filled, shifts = _on_one_level(np.where(is_gap, _carried(usual), believable))
    treated[shifts] = Treated.LEVEL_SHIFT
    factors = _factors(values, usual, kinds)
    return Cleaned(filled, treated, factors, opens, _workday(filled, opens))


def _on_one_level(values: Floats) -> tuple[Floats, tuple[Places, Places]]:
    """Scale the days before the greatest level shift of the last ten weeks to the level after it.

    The second result is where shifts are: rows and days. A shift lies between weeks: at least two
    after it whose median differs from that of four to eight before by six of its standard errors
    (robust, counts never steadier than Poisson) and by 30 % or more.
    """
    weeks = _by_week(values)
    days = (~np.isnan(weeks)).sum(axis=2)
    mean = np.nansum(weeks, axis=2) / np.maximum(days, 1)
    level = np.where(days >= _SHIFT_DAYS, mean, np.nan)
    queues, count = level.shape
    least_rest = np.full(queues, np.inf)
    place, scale = np.zeros(queues, dtype=np.int64), np.ones(queues)
    for week in range(max(_SHIFT_BEFORE, count - _SHIFT_WEEKS), count - 1):
        before = level[:, max(0, week - _SHIFT_SPAN) : week]
        after = level[:, week : week + _SHIFT_SPAN]
        shift = _shift(before, after)
        is_wide = (shift.ratio > _SHIFT_RATIO) | (shift.ratio < 1 / _SHIFT_RATIO)
        is_better = (shift.errors > _SHIFT_ERRORS) & is_wide & (shift.rest < least_rest)
        least_rest = np.where(is_better, shift.rest, least_rest)
        place = np.where(is_better, week, place)
        scale = np.where(is_better, shift.ratio, scale)
    rows = np.flatnonzero(place)
    starts = np.maximum(values.shape[1] - (count - place[rows]) * WEEK, 0)
    scaled = values.copy()
    for row, start in zip(rows, starts, strict=True):
        scaled[row, :start] *= scale[row] if np.isfinite(scale[row]) else np.nan
    return scaled, (rows, starts)


class _Shift(NamedTuple):
    """By queue: standard errors between two medians, their ratio, and what is left unexplained."""

    errors: Floats
    ratio: Floats
    rest: Floats


def _shift(before: Floats, after: Floats) -> _Shift:
    """The shift between two spans of weeks; 0 standard errors where too few weeks are known."""
    known_before = (~np.isnan(before)).sum(axis=1)
    known_after = (~np.isnan(after)).sum(axis=1)
    old, new = nanmedian(before), nanmedian(after)
    off = np.abs(np.concatenate([before - old[:, None], after - new[:, None]], axis=1))
    chance = np.sqrt(np.maximum(np.fmax(old, new), 0.5) / WEEK)
    with np.errstate(invalid="ignore", divide="ignore"):
        weeks = np.sqrt(1 / known_before + 1 / known_after)
        standard_error = np.fmax(_SIGMA * nanmedian(off), chance) * weeks
        errors = np.abs(new - old) / standard_error
        ratio = new / old
        rest = np.nansum(off, axis=1) / (known_before + known_after)
    is_enough = (known_before >= _SHIFT_BEFORE) & (known_after >= _SHIFT_AFTER)
    return _Shift(np.where(is_enough, np.nan_to_num(errors), 0.0), ratio, rest)


def _by_week(values: Floats) -> Floats:
    """Weeks (queues, weeks, 7), the last known day in the last place; NaN before the first day."""
    queues, known = values.shape
    weeks = -(-known // WEEK)
    padded = np.full((queues, weeks * WEEK), np.nan)
    padded[:, weeks * WEEK - known :] = values
    return padded.reshape(queues, weeks, WEEK)


def _unfold(weeks: Floats, known: int) -> Floats:
    return weeks.reshape(weeks.shape[0], -1)[:, -known:]


def _around(values: Floats) -> Floats:
    """The same weekday of the weeks around each day (queues, weeks, 7, places), without itself."""
    weeks = _by_week(values)
    edge = np.full((weeks.shape[0], _NEIGHBOURS, WEEK), np.nan)
    wide = np.concatenate([edge, weeks, edge], axis=1)
    width = 2 * _NEIGHBOURS + 1
    windows = np.lib.stride_tricks.sliding_window_view(wide, width, axis=1)
    return np.delete(windows, _NEIGHBOURS, axis=-1)


def _usual(ordinary: Floats) -> Floats:
    """Median of the same weekday in the weeks around; NaN where none is known."""
    return _unfold(nanmedian(_around(ordinary)), ordinary.shape[1])


def _carried(usual: Floats) -> Floats:
    """The usual of a weekday; in long stretches of special days the last one before them."""
    weeks = _by_week(usual)
    places = np.where(np.isnan(weeks), 0, np.arange(weeks.shape[1])[None, :, None])
    newest = np.maximum.accumulate(places, axis=1)
    return _unfold(np.take_along_axis(weeks, newest, axis=1), usual.shape[1])


def _run_of_zeros(values: Floats) -> Floats:
    """Length of the run of zeros around each day; unknown days neither end a run nor count."""
    length = np.zeros(values.shape)
    days = range(values.shape[1])
    for columns in (days, reversed(days)):
        run = np.zeros(len(values))
        for at in columns:
            run = np.where(values[:, at] > 0, 0, run + (values[:, at] == 0))
            length[:, at] += run
    return np.maximum(length - 1, 0)  # the day itself was counted from both sides


def _most(ordinary: Floats, usual: Floats) -> Floats:
    """The most that is believed of a day: six robust deviations over the usual.

    Counts are never steadier than Poisson.
    """
    around = _around(ordinary)
    middle = nanmedian(around)
    deviation = nanmedian(np.abs(around - middle[..., None]))
    spread = _unfold(_SIGMA * deviation, ordinary.shape[1])
    chance = np.sqrt(np.maximum(usual, 1))
    return np.where(np.isnan(usual), np.inf, usual + 6 * np.maximum(spread, chance))


def _newest(values: Floats) -> Floats:
    """The last eight known values (queues, 7, 8) of each place in the week from the first day."""
    weeks = np.moveaxis(np.roll(_by_week(values), values.shape[1] % WEEK, axis=2), 1, -1)
    order = np.argsort(np.isnan(weeks), axis=-1, kind="stable")  # known ones first, oldest first
    known = (~np.isnan(weeks)).sum(axis=-1, keepdims=True)
    places = known - 1 - np.arange(_OF_LATE)
    ordered = np.take_along_axis(weeks, order, axis=-1)
    newest = np.take_along_axis(ordered, np.maximum(places, 0), axis=-1)
    return np.where(places < 0, np.nan, newest)


def _opens(values: Floats) -> Flags:
    """Whether anything came on the last eight known days, by place in the week."""
    return np.asarray(np.nan_to_num(_newest(values)).sum(axis=-1) > 0)


def _workday(values: Floats, opens: Flags) -> Floats:
    """Count of a middle weekday of late; 0 where every day is closed."""
    weekdays = np.where(opens, nanmedian(_newest(values)), np.nan)
    return np.nan_to_num(nanmedian(weekdays))


def _factors(values: Floats, usual: Floats, kinds: Codes) -> Floats:
    """Share (queues, kinds) of an ordinary day that comes on a day of each kind.

    The median over all queues stands in for three examples of a queue's own. Without any example a
    reduced day is like the quietest open day of the week, an event like an ordinary day. A holiday
    on a weekend shows nothing: it is quiet without one.
    """
    factors = np.ones((values.shape[0], len(Kind)))
    factors[:, Kind.CLOSED] = 0.0
    middle = _middle_of_week(usual)
    for kind in (Kind.REDUCED, Kind.EVENT):
        seen = (kinds == kind) & ~np.isnan(values) & (usual > 0)
        if kind == Kind.REDUCED:
            seen &= usual >= middle / 2
        shares = np.where(seen, values / np.where(seen, usual, 1), np.nan)
        weights = np.where(seen, usual, 0)
        pooled = 1.0
        if seen.any():
            pooled = float(np.nansum(shares * weights) / weights.sum())
        elif kind == Kind.REDUCED and len(usual):
            pooled = float(np.nanmedian(_quietest(usual)))
        count = seen.sum(axis=1)
        own = np.nan_to_num(nanmedian(shares))
        factors[:, kind] = (3 * pooled + count * own) / (3 + count)
    return factors


def _middle_of_week(usual: Floats) -> Floats:
    """The middle open weekday of each day's week (queues, days)."""
    weeks = _by_week(np.where(usual > 0, usual, np.nan))
    return _unfold(np.repeat(nanmedian(weeks)[..., None], WEEK, axis=2), usual.shape[1])


def _quietest(usual: Floats) -> Floats:
    """The week's least day over its middle one, by queue; 1 where nothing is known."""
    week = nanmedian(np.moveaxis(_by_week(usual)[:, -8:], 1, -1))
    least = np.nanmin(np.where(np.isnan(week), np.inf, week), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = least / nanmedian(week)
    return np.where(np.isfinite(share), share, 1.0)


def nanmedian(values: Floats) -> Floats:
    """Median along the last axis without unknown values; NaN where all are unknown."""
    ordered = np.sort(values, axis=-1)  # NaN is last
    count = (~np.isnan(values)).sum(axis=-1)
    low = np.maximum(count - 1, 0) // 2
    high = np.minimum(np.maximum(count, 1) // 2, values.shape[-1] - 1)
    middle = np.take_along_axis(ordered, np.stack([low, high], axis=-1), axis=-1)
    return np.asarray(middle.mean(axis=-1))
