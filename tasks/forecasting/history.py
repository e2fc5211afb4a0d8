"""The history that forecasts are made from: counts by team, channel and measure, and the calendar.

The classes that end in `Row` are rows of the read models in `sql/reads/forecast/`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tasks.forecasting import intraday
from tasks.forecasting.panel import Floats, Kind, Panel, panel

BUCKET_SECONDS = 900  # the shortest interval; it divides every time zone's offset, too

Counts = dict[date, float]  # by day
SpecialDays = dict[date, Kind]


class TeamKey(NamedTuple):
    """A team of an account."""

    account: str
    team_id: str


class Team(NamedTuple):
    """A team of an account, with its name."""

    account: str
    team_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class ReportingDayRow:
    """The last complete day, in the main reporting time zone."""

    time_zone: str
    last_day: date

    @property
    def arrivals_since(self) -> datetime:
        """Where the weeks begin whose arrivals shape the day."""
        first = self.last_day - timedelta(days=7 * intraday.WEEKS - 1)
        return self._midnight(first)

    @property
    def arrivals_until(self) -> datetime:
        """The end of the last day."""
        return self._midnight(self.last_day + timedelta(days=1))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """Tickets created for a team on a day."""

    account: str
    team_id: str
    team: str | None
    day: date
    tickets: int


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """A holiday of an account."""

    account: str
    day: date


@dataclass(frozen=True, slots=True)
class SpecialDayRow:
    """A special day of a team (by name or id, or "all"), from the special_days file."""

    team: str
    day_on: date
    kind: str


@dataclass(frozen=True, slots=True)
class WorkRow:
    """Other work of a team on a day: a count, or minutes."""

    account: str
    team_id: str | None
    measure: str
    day: date
    work: float


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """Tickets created for a team on a day by channel."""

    account: str
    team_id: str
    channel: str | None
    day: date
    tickets: int


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """Tickets created for a team in a quarter hour (counted since 1970) by channel."""

    account: str
    team_id: str
    channel: str | None
    quarter: int
    tickets: int


@dataclass(frozen=True, slots=True)
class Sources:
    """What is read from the warehouse."""

    reporting_day: ReportingDayRow
    volume: Sequence[VolumeRow]
    holidays: Sequence[HolidayRow]
    special_days: Sequence[SpecialDayRow]
    work: Sequence[WorkRow]
    channels: Sequence[ChannelRow]
    arrivals: Sequence[ArrivalRow]


class Part(NamedTuple):
    """A channel or a measure of a team; `team_row` is the team's row in the panel of volume."""

    team_row: int
    name: str


@dataclass(frozen=True, slots=True)
class History:
    """History as panels. `teams` are the rows of `volume`, `work_parts` those of `work`."""

    teams: tuple[Team, ...]
    zone: str
    volume: Panel
    channels: tuple[Part, ...]
    by_channel: Floats  # (channels, known days)
    arrivals: Sequence[ArrivalRow]
    work: Panel
    work_parts: tuple[Part, ...]

    @property
    def row_of_team(self) -> dict[TeamKey, int]:
        """Row of each team in the panel of volume."""
        return {TeamKey(team.account, team.team_id): row for row, team in enumerate(self.teams)}


def history_of(sources: Sources, horizon: int) -> History:
    """Panels up to the last complete day, with the calendar of `horizon` days more."""
    last = sources.reporting_day.last_day
    counts: dict[TeamKey, Counts] = defaultdict(dict)
    names: dict[TeamKey, str | None] = {}
    for row in sources.volume:
        key = TeamKey(row.account, row.team_id)
        counts[key][row.day] = float(row.tickets)
        names[key] = row.team
    keys = sorted(counts)
    special = _special_days(names, sources.holidays, sources.special_days)
    volume = panel(
        {queue_of(key): counts[key] for key in keys},
        last=last,
        horizon=horizon,
        special={queue_of(key): special[key] for key in keys},
    )
    rows = {key: row for row, key in enumerate(keys)}
    work_counts = _work_counts(sources.work, rows, last)
    work_special = {queue: special[keys[part.team_row]] for queue, (part, _) in work_counts.items()}
    work = panel(
        {queue: filled for queue, (_, filled) in work_counts.items()},
        last=last,
        horizon=horizon,
        special=work_special,
    )
    channels, by_channel = _by_channel(sources.channels, rows, volume)
    return History(
        teams=tuple(Team(*key, names[key]) for key in keys),
        zone=sources.reporting_day.time_zone,
        volume=volume,
        channels=channels,
        by_channel=by_channel,
        arrivals=sources.arrivals,
        work=work,
        work_parts=tuple(sorted(part for part, _ in work_counts.values())),
    )


def queue_of(team: TeamKey, part: str = "") -> str:
    """Name of a panel's row."""
    return "\x1f".join((*team, part))


def _special_days(
    names: Mapping[TeamKey, str | None],
    holidays: Iterable[HolidayRow],
    special_days: Iterable[SpecialDayRow],
) -> dict[TeamKey, SpecialDays]:
    """Special days by team: holidays of its account, then the file's for all and for it."""
    by_account: dict[str, SpecialDays] = defaultdict(dict)
    for holiday in holidays:
        by_account[holiday.account][holiday.day] = Kind.REDUCED
    by_team: dict[str, SpecialDays] = defaultdict(dict)
    for special in special_days:
        by_team[special.team][special.day_on] = Kind[special.kind.upper()]
    return {
        key: {**by_account[key.account], **by_team["all"], **by_team[name or key.team_id]}
        for key, name in names.items()
    }


def _work_counts(
    work: Iterable[WorkRow], rows: Mapping[TeamKey, int], last: date
) -> dict[str, tuple[Part, Counts]]:
    """Other work by panel row; days between the first known and the last one are zero."""
    counts: dict[tuple[TeamKey, str], Counts] = defaultdict(dict)
    for row in work:
        key = TeamKey(row.account, row.team_id or "")
        if key in rows and row.day <= last:
            counts[key, row.measure][row.day] = row.work
    filled = {}
    for (key, measure), by_day in counts.items():
        first = min(by_day)
        days = (first + timedelta(days=place) for place in range((last - first).days + 1))
        every_day = {day: by_day.get(day, 0.0) for day in days}
        filled[queue_of(key, measure)] = (Part(rows[key], measure), every_day)
    return filled


def _by_channel(
    channels: Iterable[ChannelRow], rows: Mapping[TeamKey, int], volume: Panel
) -> tuple[tuple[Part, ...], Floats]:
    """Channels in order, and their counts (channels, known days)."""
    counts: dict[Part, Floats] = {}
    for row in channels:
        team_row = rows.get(TeamKey(row.account, row.team_id))
        place = (row.day - volume.first).days
        if team_row is not None and 0 <= place < volume.known:
            part = Part(team_row, row.channel or "other")
            counts.setdefault(part, np.zeros(volume.known))[place] += row.tickets
    parts = tuple(sorted(counts))
    if not parts:
        return (), np.zeros((0, volume.known))
    return parts, np.stack([counts[part] for part in parts])
