"""What staffing is planned from: the forecast, hours, plans, people, and what was measured.

The classes that end in `Row` are rows of the read models in `sql/reads/plan/`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import pandas as pd

from tasks.planning.need import Opening

_FEWEST_SHIFT_SECONDS = 40 * 3600  # a week of shifts; fewer say little of a team
_MOST_SHRINKAGE = 0.9  # a team that is nearly all absent says nothing about work days
_FEWEST_MEASURED = 30  # contacts with a handle time before their mean is used


class TeamKey(NamedTuple):
    """A team of an account."""

    account: str
    team_id: str


class Team(NamedTuple):
    """A team of an account, with its name."""

    account: str
    team_id: str
    name: str | None

    @property
    def key(self) -> TeamKey:
        """The team without its name."""
        return TeamKey(self.account, self.team_id)


@dataclass(frozen=True, slots=True)
class ForecastDayRow:
    """The forecast of a team's day, with its intervals."""

    account: str
    team_id: str
    team: str | None
    day: date
    model: str
    expected_tickets: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """An open span of a UTC day, in seconds from midnight."""

    account: str
    utc_day: date
    from_second: int
    to_second: int


@dataclass(frozen=True, slots=True)
class HandleTimeRow:
    """Handle time of the last eight weeks, summed over the contacts that have one."""

    account: str
    team_id: str
    channel: str | None
    handle_seconds: float | None
    handle_seconds_squared: float | None
    contacts: int


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """Tickets that wait for an agent of a team now, by channel."""

    account: str
    team_id: str
    channel: str | None
    tickets: int


@dataclass(frozen=True, slots=True)
class HeadcountPlanRow:
    """What the headcount plan gives for a team's name and month."""

    team: str
    month_on: date
    fte: float | None
    handle_minutes: float | None
    contacts: float | None


@dataclass(frozen=True, slots=True)
class ShiftTimeRow:
    """Shift time of the last eight weeks, and the part of it that was not work, in seconds."""

    account: str
    team_id: str
    seconds: float
    absent_seconds: float


@dataclass(frozen=True, slots=True)
class AgentsRow:
    """Active agents of a team."""

    account: str
    team_id: str
    agents: int


@dataclass(frozen=True, slots=True)
class WorkdayRow:
    """A work day."""

    day: date


@dataclass(frozen=True, slots=True)
class Planned:
    """What the headcount plan gives for a team's month; None where it gives nothing."""

    fte: float | None = None
    handle_minutes: float | None = None
    contacts: float | None = None

    def part(self, share: float) -> "Planned":
        """A share (0 to 1) of the people and contacts."""
        return Planned(
            fte=None if self.fte is None else share * self.fte,
            handle_minutes=self.handle_minutes,
            contacts=None if self.contacts is None else share * self.contacts,
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """Everything that staffing is planned from.

    `intervals` has the forecast by team, channel and interval, with `planned_ratio`: what is
    planned for over the mean expected. `days` has the forecast by team and day.
    """

    intervals: pd.DataFrame
    days: Sequence[ForecastDayRow]
    openings: Mapping[str, Opening]  # by account
    handle_seconds: Mapping[tuple[str, str, str | None], float]  # by account, team, channel
    handle_spread: Mapping[TeamKey, float]  # standard deviation over mean
    waiting: Mapping[TeamKey, Mapping[str | None, int]]  # tickets by channel
    plan: Mapping[tuple[str, date], Planned]  # by team's name and first of the month
    workdays: AbstractSet[date]
    agents: Mapping[TeamKey, int]
    shrinkage: Mapping[TeamKey, float]  # share of shift time that was not work

    def planned(self, team: str | None, day: date) -> Planned:
        """What the plan gives for a team's name in the month of `day`."""
        return self.plan.get((team or "", day.replace(day=1)), Planned())

    def shares_of_plan(self) -> dict[TeamKey, float]:
        """Each account's share (0 to 1) of a plan for a team's name, as tickets are forecast.

        Without any ticket the accounts share equally.
        """
        days = pd.DataFrame(
            [(row.account, row.team_id, row.team, row.expected_tickets) for row in self.days],
            columns=["account", "team_id", "name", "tickets"],
        )
        sums = (
            days.groupby(["account", "team_id"])
            .agg(name=("name", "first"), tickets=("tickets", "sum"))
            .reset_index()
        )
        sums["name"] = sums["name"].fillna("")
        by_name = sums.groupby("name")["tickets"]
        whole, count = by_name.transform("sum"), by_name.transform("count")
        shares = (sums["tickets"] / whole).where(whole > 0, 1 / count).astype(float)
        teams = map(TeamKey, sums["account"], sums["team_id"])
        return dict(zip(teams, shares, strict=True))


def with_planned_ratio(intervals: pd.DataFrame, quantile: str) -> pd.DataFrame:
    """Add `planned_ratio`: the day's `quantile` over its mean; 1 for "mean" and on empty days.

    `intervals` has the day's quantiles (q50, q75, high_80, q95) and its mean, `day_expected`.
    """
    if quantile == "mean":
        return intervals.assign(planned_ratio=1.0)
    expected = intervals["day_expected"]
    ratio = (intervals[quantile] / expected.where(expected > 0)).fillna(1.0)
    return intervals.assign(planned_ratio=ratio)


def openings_of(rows: Iterable[OpeningRow]) -> dict[str, Opening]:
    """Opening hours by account; rows are in order of time."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        midnight = datetime.combine(row.utc_day, time(0), UTC).timestamp()
        spans[row.account].append((midnight + row.from_second, midnight + row.to_second))
    return {account: Opening(tuple(listed)) for account, listed in spans.items()}


def handle_seconds_of(rows: Iterable[HandleTimeRow]) -> dict[tuple[str, str, str | None], float]:
    """Mean handle time by account, team and channel, where enough contacts were measured.

    Channel "" is the whole team: all measured contacts together.
    """
    seconds: dict[tuple[str, str, str | None], float] = defaultdict(float)
    contacts: dict[tuple[str, str, str | None], int] = defaultdict(int)
    for row in rows:
        for channel in (row.channel, ""):
            key = (row.account, row.team_id, channel)
            seconds[key] += row.handle_seconds or 0.0
            contacts[key] += row.contacts
    return {
        key: seconds[key] / count
        for key, count in contacts.items()
        if count >= _FEWEST_MEASURED and seconds[key]
    }


def handle_spread_of(rows: Iterable[HandleTimeRow]) -> dict[TeamKey, float]:
    """Standard deviation of a team's handle times over their mean, where enough were measured."""
    sums: dict[TeamKey, tuple[int, float, float]] = defaultdict(lambda: (0, 0.0, 0.0))
    for row in rows:
        key = TeamKey(row.account, row.team_id)
        count, seconds, squared = sums[key]
        sums[key] = (
            count + row.contacts,
            seconds + (row.handle_seconds or 0.0),
            squared + (row.handle_seconds_squared or 0.0),
        )
    return {
        key: math.sqrt(max(squared * count / seconds**2 - 1, 0.0))
        for key, (count, seconds, squared) in sums.items()
        if count >= _FEWEST_MEASURED and seconds
    }


def waiting_of(rows: Iterable[WaitingRow]) -> dict[TeamKey, dict[str | None, int]]:
    """Waiting tickets by team and channel."""
    waiting: dict[TeamKey, dict[str | None, int]] = defaultdict(dict)
    for row in rows:
        waiting[TeamKey(row.account, row.team_id)][row.channel] = row.tickets
    return waiting


def plan_of(rows: Iterable[HeadcountPlanRow]) -> dict[tuple[str, date], Planned]:
    """The headcount plan by team's name and month."""
    return {
        (row.team, row.month_on): Planned(row.fte, row.handle_minutes, row.contacts) for row in rows
    }


def shrinkage_of(rows: Iterable[ShiftTimeRow]) -> dict[TeamKey, float]:
    """Share of shift time that was not work, where shifts cover enough time."""
    return {
        TeamKey(row.account, row.team_id): row.absent_seconds / row.seconds
        for row in rows
        if row.seconds >= _FEWEST_SHIFT_SECONDS
        and row.absent_seconds < _MOST_SHRINKAGE * row.seconds
    }
