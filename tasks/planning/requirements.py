"""Staffing requirements: agents by team, channel and interval, and their sums by day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.planning.assumptions import Assumptions
from tasks.planning.deferred import Need
from tasks.planning.expected import Team
from tasks.planning.need import (
    DeferredWork,
    Floats,
    LiveNeed,
    Opening,
    ServiceTargets,
    deferred_need,
    live_need,
)
from tasks.planning.rows import StaffingRequirementDaily, StaffingRequirementInterval

_DEFERRED = "deferred"  # all channels of a team that are not live, together

Idle = Mapping[datetime, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Desk:
    """A team, when it is open, the length of its intervals in seconds, and its targets.

    `waiting` contacts of deferred channels wait for an agent now.
    """

    team: Team
    opening: Opening
    seconds: float
    targets: ServiceTargets
    waiting: float


def interval_requirements(assumptions: Assumptions) -> list[StaffingRequirementInterval]:
    """One row for each live channel and interval of a team, one for its deferred work."""
    rows: list[StaffingRequirementInterval] = []
    intervals = assumptions.expected.intervals
    for (account, team_id), part in intervals.groupby(["account", "team_id"], sort=True):
        team = Team(str(account), str(team_id), part["team"].iloc[0])
        rows += _team_requirements(part, team, assumptions)
    return rows


def _team_requirements(
    part: pd.DataFrame, team: Team, assumptions: Assumptions
) -> list[StaffingRequirementInterval]:
    desk = Desk(
        team=team,
        opening=assumptions.expected.openings.get(team.account, Opening(())),
        seconds=float(part["interval_minutes"].iloc[0]) * 60,
        targets=assumptions.service_targets(team),
        waiting=assumptions.waiting(team),
    )
    frame = part.assign(volume=part["expected_tickets"] * assumptions.scenario.volume)
    frame["contacts"] = frame["volume"] * frame["planned_ratio"]
    frame["handle"] = [
        assumptions.handle_seconds(team, channel, day).value
        for channel, day in zip(frame["channel"], days_of(frame), strict=True)
    ]
    is_live = frame["channel"].isin(assumptions.planning.live_channels)
    live = list(_live_rows(frame[is_live], desk)) if is_live.any() else []
    if is_live.all():
        return live
    return [*live, *_deferred_rows(frame[~is_live], desk, _idle_agents(live))]


def days_of(frame: pd.DataFrame) -> list[date]:
    """The frame's `day` column as dates."""
    return [day.date() if isinstance(day, datetime) else day for day in frame["day"].tolist()]


def _idle_agents(live: Iterable[StaffingRequirementInterval]) -> Idle:
    """Agents of live channels without a contact, by interval: for what is planned, for the mean."""
    idle: dict[datetime, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for row in live:
        planned, mean = idle[row.starts_at]
        free_share = 1 - (row.occupancy or 0.0)
        idle[row.starts_at] = (
            planned + row.agents_required * free_share,
            mean + row.agents_required_mean * free_share,
        )
    return idle


@dataclass(frozen=True, slots=True)
class _LiveWork:
    """Columns of live channels by interval; contacts while open."""

    starts: Sequence[datetime]
    volume: Floats
    contacts: Floats
    handle: Floats
    is_chat: NDArray[np.bool_]
    need: LiveNeed
    mean_need: LiveNeed


def _live_rows(frame: pd.DataFrame, desk: Desk) -> Iterator[StaffingRequirementInterval]:
    starts = [start.to_pydatetime() for start in frame["starts_at"]]
    open_share = desk.opening.share(starts, desk.seconds)
    volume = frame["volume"].to_numpy(dtype=float) * open_share
    contacts = frame["contacts"].to_numpy(dtype=float) * open_share
    handle = frame["handle"].to_numpy(dtype=float)
    is_chat = (frame["channel"] == "chat").to_numpy()
    need = live_need(contacts, handle, is_chat, desk.seconds, desk.targets)
    mean_need = live_need(volume, handle, is_chat, desk.seconds, desk.targets)
    work = _LiveWork(starts, volume, contacts, handle, is_chat, need, mean_need)
    columns = zip(frame["channel"], days_of(frame), frame["local_minute"].tolist(), strict=True)
    for at, (channel, day, minute) in enumerate(columns):
        yield _live_row(desk, work, at, channel, day, minute)


def _live_row(
    desk: Desk, work: _LiveWork, at: int, channel: str, day: date, minute: int
) -> StaffingRequirementInterval:
    targets, reached = desk.targets, work.need.reached
    never_leaves = np.isinf(targets.patience)
    agents = float(work.need.agents[at])
    return StaffingRequirementInterval(
        account=desk.team.account,
        team_id=desk.team.team_id,
        team=desk.team.name,
        channel=channel,
        starts_at=work.starts[at],
        day=day,
        local_minute=minute,
        interval_minutes=int(desk.seconds // 60),
        model="erlang_c" if never_leaves else "erlang_a",
        expected_contacts=float(work.volume[at]),
        planned_contacts=float(work.contacts[at]),
        handle_seconds=float(work.handle[at]),
        concurrency=targets.concurrency if work.is_chat[at] else 1,
        patience_seconds=None if never_leaves else targets.patience,
        target_share=targets.live.share,
        target_seconds=targets.live.seconds,
        max_occupancy_share=targets.live.most_occupied,
        shrinkage_share=targets.shrinkage,
        agents_required=agents,
        agents_required_mean=float(work.mean_need.agents[at]),
        scheduled_headcount=targets.headcount(agents),
        because=str(work.need.because[at]),
        service_level=float(reached.service_level[at]),
        occupancy=float(reached.occupancy[at]),
        abandoned_share=float(reached.abandoned[at]),
        mean_wait_seconds=float(reached.mean_wait[at]),
        backlog_end=None,
        is_feasible=True,
    )


@dataclass(frozen=True, slots=True)
class _DeferredRows:
    """Columns of a team's deferred work by interval; `handle` is seconds per contact."""

    starts: Sequence[datetime]
    open_share: Floats
    volume: Floats
    contacts: Floats
    handle: float
    need: Need
    mean_need: Need


def _deferred_rows(
    frame: pd.DataFrame, desk: Desk, idle: Idle
) -> Iterator[StaffingRequirementInterval]:
    """All deferred channels of a team are one queue; its handle time is weighted by contacts.

    Teams are blended: agents who wait for a call or chat work on tickets.
    """
    summed = (
        frame.assign(work=frame["contacts"] * frame["handle"])
        .groupby("starts_at", sort=True)
        .agg(
            day=("day", "first"),
            minute=("local_minute", "first"),
            volume=("volume", "sum"),
            contacts=("contacts", "sum"),
            work=("work", "sum"),
        )
    )
    work = _deferred_work(summed, float(frame["handle"].mean()), desk, idle)
    for at, (day, minute) in enumerate(
        zip(days_of(summed), summed["minute"].tolist(), strict=True)
    ):
        yield _deferred_row(desk, work, at, day, minute)


def _deferred_work(
    summed: pd.DataFrame, usual_handle: float, desk: Desk, idle: Idle
) -> _DeferredRows:
    starts = [start.to_pydatetime() for start in summed.index]
    open_share = desk.opening.share(starts, desk.seconds)
    contacts = summed["contacts"].to_numpy(dtype=float)
    volume = summed["volume"].to_numpy(dtype=float)
    total = contacts.sum()
    handle = float(summed["work"].sum() / total) if total > 0 else usual_handle
    idle_planned, idle_mean = np.array([idle.get(start, (0.0, 0.0)) for start in starts]).T

    def need_for(expected: Floats, idle_agents: Floats) -> Need:
        work = DeferredWork(expected, handle, desk.waiting, idle_agents)
        return deferred_need(work, open_share, desk.seconds, desk.targets)

    need = need_for(contacts, idle_planned)
    mean_need = need if np.array_equal(contacts, volume) else need_for(volume, idle_mean)
    return _DeferredRows(starts, open_share, volume, contacts, handle, need, mean_need)


def _deferred_row(
    desk: Desk, work: _DeferredRows, at: int, day: date, minute: int
) -> StaffingRequirementInterval:
    targets, need = desk.targets, work.need
    open_share = float(work.open_share[at])
    agents = float(need.agents[at]) * open_share
    level = need.outcome.in_target_by_interval[at]
    return StaffingRequirementInterval(
        account=desk.team.account,
        team_id=desk.team.team_id,
        team=desk.team.name,
        channel=_DEFERRED,
        starts_at=work.starts[at],
        day=day,
        local_minute=minute,
        interval_minutes=int(desk.seconds // 60),
        model=_DEFERRED,
        expected_contacts=float(work.volume[at]),
        planned_contacts=float(work.contacts[at]),
        handle_seconds=work.handle,
        concurrency=1,
        patience_seconds=None,
        target_share=targets.deferred_share,
        target_seconds=targets.deferred_seconds,
        max_occupancy_share=targets.occupancy,
        shrinkage_share=targets.shrinkage,
        agents_required=agents,
        agents_required_mean=float(work.mean_need.agents[at]) * open_share,
        scheduled_headcount=targets.headcount(agents),
        because=_deferred_reason(need, open_share),
        service_level=None if np.isnan(level) else float(level),
        occupancy=need.outcome.occupancy * targets.occupancy if open_share > 0 else None,
        abandoned_share=None,
        mean_wait_seconds=None,
        backlog_end=float(need.outcome.backlog[at]),
        is_feasible=need.feasible,
    )


def _deferred_reason(need: Need, open_share: float) -> str:
    if open_share <= 0:
        return "closed"
    return "service_level" if need.feasible else "stability"


def daily_requirements(
    intervals: Iterable[StaffingRequirementInterval], paid_hours: float
) -> list[StaffingRequirementDaily]:
    """Hours, full-time agents and the peak of a day, by team and channel.

    `paid_hours` are those of a full-time agent's day.
    """
    days: dict[tuple[Team, str, date], list[StaffingRequirementInterval]] = defaultdict(list)
    for row in intervals:
        team = Team(row.account, row.team_id, row.team)
        days[team, row.channel, row.day].append(row)
    return [
        _daily_row(team, channel, day, rows, paid_hours)
        for (team, channel, day), rows in days.items()
    ]


def _daily_row(
    team: Team,
    channel: str,
    day: date,
    rows: Sequence[StaffingRequirementInterval],
    paid_hours: float,
) -> StaffingRequirementDaily:
    hours = sum(row.agents_required * row.interval_minutes for row in rows) / 60
    mean_hours = sum(row.agents_required_mean * row.interval_minutes for row in rows) / 60
    available_share = 1 - rows[0].shrinkage_share
    return StaffingRequirementDaily(
        account=team.account,
        team_id=team.team_id,
        team=team.name,
        channel=channel,
        day=day,
        expected_contacts=sum(row.expected_contacts for row in rows),
        planned_contacts=sum(row.planned_contacts for row in rows),
        agent_hours=hours,
        agent_hours_mean=mean_hours,
        fte=hours / available_share / paid_hours,
        fte_mean=mean_hours / available_share / paid_hours,
        peak_headcount=max(row.scheduled_headcount for row in rows),
        service_level=_mean_service_level(rows),
        backlog_close=rows[-1].backlog_end,
        is_feasible=all(row.is_feasible for row in rows),
    )


def _mean_service_level(rows: Iterable[StaffingRequirementInterval]) -> float | None:
    """Service level of the day weighted by contacts; None without any contact."""
    levels = [
        (row.planned_contacts, row.service_level) for row in rows if row.service_level is not None
    ]
    weight = sum(contacts for contacts, _ in levels)
    if not weight:
        return None
    return sum(contacts * level for contacts, level in levels) / weight
