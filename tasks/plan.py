"""Step: write the people needed by interval and day, the headcount plan, rosters, and the manager's
view over them.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from tasks.planning import headcount, queueing, roster
from tasks.planning.need import LiveNeed, Opening, ServiceTargets, later, live
from tasks.planning.patterns import ShiftPattern, parse_shifts
from tasks.planning.staffing import Assumptions
from tasks.settings import PlanningSettings
from tasks.sqlmodels.catalog import models, table_of
from tasks.sqlmodels.materialization import Materialized, materialize
from tasks.warehouse.build import rebuild
from tasks.warehouse.session import Session

SCENARIO = "marts.staffing_scenario_daily"
_BOUNDS = ("low_80", "high_80", "low_95", "high_95")
_FEWEST_SHIFT_SECONDS, _MOST_SHRINKAGE = (
    40 * 3600,
    0.9,
)  # a week of shifts; a team that is nearly all absent tells nothing of work days
_FEWEST_MEASURED = 30  # contacts with a handle time before the measured mean is believed
_DEFERRED = "deferred"

Row = dict[str, Any]
Rows = list[Row]
Team = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is changed against the base: factors of volume and handle time, and promises or
    shrinkage in their stead.
    """

    volume: float = 1.0
    handle: float = 1.0
    live_share: float | None = None
    live_seconds: float | None = None
    shrinkage: float | None = None

    @property
    def description(self) -> str:
        """What is changed, in words."""
        told = {
            "volume": f"{self.volume - 1:+.1%}" if self.volume != 1 else "",
            "handle time": f"{self.handle - 1:+.1%}" if self.handle != 1 else "",
            "live contacts": (
                f"{self.live_share:.0%} in {self.live_seconds:g} s"
                if self.live_share is not None
                else ""
            ),
            "shrinkage": f"{self.shrinkage:.1%}" if self.shrinkage is not None else "",
        }
        return ", ".join(f"{what} {how}" for what, how in told.items() if how) or "no change"


def build_staffing(session: Session, planning: PlanningSettings, run_id: str) -> list[Materialized]:
    """Every staffing table, if forecast, plan, hours or settings changed."""
    given = planning.model_dump(mode="json")
    return materialize(
        session,
        "plan",
        given,
        lambda: plan_rows(read_expected(session, planning), planning),
        run_id=run_id,
    )


def build_scenario(
    session: Session,
    planning: PlanningSettings,
    scenario: Scenario,
    name: str,
    run_id: str,
) -> Rows:
    """People under the scenario beside those of the base, written under `name` in place of an
    earlier one of that name.
    """
    expected = read_expected(session, planning)
    base, other = (
        plan_rows(expected, planning, s)["staffing_forecast"] for s in (Scenario(), scenario)
    )
    months = Counter(day.replace(day=1) for day in expected.workdays)
    rows = [
        _beside(one, two, name, scenario, planning, months[one["day"].replace(day=1)])
        for one, two in zip(base, other, strict=True)
    ]
    target = table_of(models()[SCENARIO])
    kept = [
        dict(row._mapping)
        for row in session.fetch(
            f"select * from {SCENARIO} where scenario <> :name", {"name": name}
        )
    ]
    rebuild(
        session,
        target,
        [*kept, *rows],
        run_id=run_id,
        state=json.dumps({"scenario": name}),
        started=time.perf_counter(),
    )
    return rows


def _beside(
    base: Row, other: Row, name: str, scenario: Scenario, planning: PlanningSettings, workdays: int
) -> Row:
    needed, before = (
        (row["required_fte"] if row["service_fte"] is None else row["service_fte"])
        for row in (other, base)
    )
    return {
        "scenario": name,
        "assumptions": scenario.description,
        **{column: base[column] for column in ("account", "team_id", "team", "day")},
        "expected_tickets": other["expected_tickets"],
        "base_expected_tickets": base["expected_tickets"],
        "handle_minutes": other["handle_minutes"],
        "fte": needed,
        "base_fte": before,
        "extra_fte": needed - before,
        "is_feasible": other["is_feasible"],
        "extra_cost": (
            Decimal(f"{(needed - before) * planning.monthly_cost_per_fte / workdays:.4f}")
            if workdays
            else None
        ),
    }


@dataclass(frozen=True, slots=True)
class Planned:
    """What the headcount plan says of a team's month."""

    fte: float | None = None
    handle_minutes: float | None = None
    contacts: float | None = None

    def part(self, share: float) -> "Planned":
        """A share of the people and contacts."""
        return Planned(
            None if self.fte is None else share * self.fte,
            self.handle_minutes,
            None if self.contacts is None else share * self.contacts,
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What people are planned for.

    Frames: `intervals` by team, channel and interval; `days` by team and day.
    """

    intervals: pd.DataFrame
    days: pd.DataFrame
    opening: Mapping[str, Opening]
    measured: Mapping[tuple[str, str, str], float]  # handle seconds by account, team, channel
    planned: Mapping[tuple[str, date], Planned]  # by team's name and month
    workdays: set[date]
    heads: Mapping[Team, int]  # active agents
    shrinkage: Mapping[Team, float]  # share of shift time that was not work, where shifts tell


def read_expected(session: Session, planning: PlanningSettings) -> Expected:
    """Everything from the marts that staffing needs."""
    ratio = (
        "cast(1 as double precision)"
        if planning.quantile == "mean"
        else (
            f"case when c.expected_tickets > 0 then c.{planning.quantile} / c.expected_tickets else"
            " 1 end"
        )
    )
    intervals = session.arrow(
        f"""
        select i.account, i.team_id, i.team, i.channel, i.day, i.starts_at, i.local_minute, i.interval_minutes, i.expected_tickets, {ratio} as planned_ratio
        from marts.forecast_volume_interval as i
        join marts.forecast_channel_daily as c on c.account = i.account and c.team_id = i.team_id and c.channel = i.channel and c.day = i.day
        order by i.account, i.team_id, i.channel, i.starts_at""",
    ).to_pandas()
    days = session.arrow(
        """
        select f.account, f.team_id, f.team, f.day, f.model, f.expected_tickets, f.low_80, f.high_80, f.low_95, f.high_95
        from marts.forecast_volume_daily as f order by f.account, f.team_id, f.day""",
    ).to_pandas()
    return Expected(
        intervals,
        days,
        _opening(session),
        _measured(session),
        {
            (team, month): Planned(
                *(None if told is None else float(told) for told in (fte, minutes, contacts))
            )
            for team, month, fte, minutes, contacts in session.fetch(
                "select team, month_on, sum(fte), max(handle_minutes), sum(contacts) from"
                " source.headcount_plan group by team, month_on",
            )
        },
        {day for (day,) in session.fetch("select day from core.dim_date where is_workday")},
        {
            (account, team_id): int(count)
            for account, team_id, count in session.fetch(
                "select account, team_id, count(*) from core.dim_agent where is_active and team_id"
                " is not null group by account, team_id",
            )
        },
        _shrinkage(session),
    )


def _opening(session: Session) -> dict[str, Opening]:
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for account, day, low, high in session.fetch(
        "select s.account, s.utc_day, s.from_second, s.to_second from core.business_segment as s"
        " join ops.reporting_zone as z on z.is_main where s.is_default and s.is_open and s.utc_day"
        " >= z.last_day order by s.account, s.utc_day, s.from_second",
    ):
        start = (day - date(1970, 1, 1)).days * 86400.0
        spans[account].append((start + low, start + high))
    return {account: Opening(tuple(found)) for account, found in spans.items()}


def _measured(session: Session) -> dict[tuple[str, str, str], float]:
    """Mean handle time of eight weeks, weighted by contacts, where enough were measured; phone from
    the calls themselves.
    """
    since = "t.solved_at >= z.as_of - interval '56 days'"
    found = {}
    for account, team_id, channel, total, count in session.fetch(
        "select t.account, t.team_id, t.channel, sum(t.handle_seconds), count(t.handle_seconds)"
        " from core.fct_ticket as t join ops.reporting_zone as z on z.is_main where not"
        f" t.is_excluded and t.team_id is not null and {since} group by t.account, t.team_id,"
        " t.channel union all select c.account, c.team_id, 'phone', sum(c.handle_seconds),"
        " count(c.handle_seconds) from core.fct_call as c join ops.reporting_zone as z on"
        " z.is_main where c.team_id is not null and c.handled_at >= z.as_of - interval '56 days'"
        " group by c.account, c.team_id",
    ):
        if count >= _FEWEST_MEASURED and total:
            found[account, team_id, channel] = float(total) / int(count)
    return found


def _shrinkage(session: Session) -> dict[Team, float]:
    """Share of shift time of eight weeks that was a break, training or absence.

    Shifts from files name teams or agents of any account.
    """
    here = "(s.connector = 'files' or s.account = {0}.account)"
    found = {}
    for account, team_id, whole, lost in session.fetch(
        "select account, team_id, sum(seconds), sum(case when activity in ('', 'work') then 0 else"
        " seconds end) from (select t.account, t.team_id, lower(coalesce(s.activity, '')) as"
        " activity, extract(epoch from s.ends_at - s.starts_at) as seconds, s.starts_at, s.ends_at"
        " from source.shift as s join core.dim_team as t on t.team_id = s.team_id and"
        f" {here.format('t')} union all select a.account, a.team_id, lower(coalesce(s.activity,"
        " '')), extract(epoch from s.ends_at - s.starts_at), s.starts_at, s.ends_at from"
        " source.shift as s join core.dim_agent as a on s.team_id is null and a.agent_id ="
        f" s.agent_id and {here.format('a')} where a.team_id is not null) as spans join"
        " ops.reporting_zone as z on z.is_main where spans.starts_at >= z.as_of - interval '56"
        " days' and spans.ends_at <= z.as_of and spans.ends_at > spans.starts_at group by account,"
        " team_id",
    ):
        if float(whole) >= _FEWEST_SHIFT_SECONDS and float(lost) < _MOST_SHRINKAGE * float(whole):
            found[account, team_id] = float(lost) / float(whole)
    return found


def service_targets_of(planning: PlanningSettings, scenario: Scenario) -> ServiceTargets:
    """Settings as promises, changed by the scenario; the shrinkage is each team's own."""
    target = queueing.Target(
        planning.live_share if scenario.live_share is None else scenario.live_share,
        planning.live_seconds if scenario.live_seconds is None else scenario.live_seconds,
        planning.live_occupancy,
        planning.live_abandoned,
    )
    return ServiceTargets(
        target,
        planning.patience_seconds or np.inf,
        planning.chat_concurrency,
        planning.deferred_share,
        planning.deferred_hours * 3600,
        planning.occupancy_share,
        planning.shrinkage_share,
        planning.paid_hours_per_day,
    )


def plan_rows(
    expected: Expected, planning: PlanningSettings, scenario: Scenario | None = None
) -> dict[str, Rows]:
    """Rows of every staffing table."""
    scenario = scenario or Scenario()
    service_targets = service_targets_of(planning, scenario)
    intervals = [
        row for part in _by_team(expected, planning, scenario, service_targets) for row in part
    ]
    daily = list(_daily(intervals, service_targets))
    shifts = list(_roster(intervals, parse_shifts(planning.shifts), planning.roster_days))
    return {
        "staffing_requirement_interval": intervals,
        "staffing_requirement_daily": daily,
        "staffing_roster_daily": shifts,
        "staffing_forecast": list(_view(expected, planning, scenario, daily)),
        "headcount_plan_monthly": list(_headcount(expected, planning, daily)),
    }


def _shares(expected: Expected) -> dict[Team, float]:
    """What each account's team gets of a plan that is written by the team's name alone: as contacts
    are forecast.
    """
    sums = (
        expected.days.groupby(["account", "team_id"])
        .agg(name=("team", "first"), tickets=("expected_tickets", "sum"))
        .reset_index()
    )
    sums["name"] = sums["name"].fillna("")
    named = sums.groupby("name")["tickets"]
    whole, count = named.transform("sum"), named.transform("count")
    share = (sums["tickets"] / whole).where(whole > 0, 1 / count)
    return dict(
        zip(zip(sums["account"], sums["team_id"], strict=True), share.astype(float), strict=True)
    )


def _planned(expected: Expected, team: str | None, day: date) -> Planned:
    return expected.planned.get((team or "", day.replace(day=1)), Planned())


def _handle_seconds(
    expected: Expected, planning: PlanningSettings, team: Any, channel: str, day: date
) -> tuple[float, str]:
    """Seconds of work per contact, and where they are from: the plan, what was measured, or the
    setting.
    """
    account, team_id, name = team
    minutes = _planned(expected, name, day).handle_minutes
    if minutes:
        return float(minutes) * 60, "plan"
    measured = expected.measured.get((account, team_id, channel))
    return (measured, "measured") if measured else (planning.handle_minutes * 60, "setting")


def _shrinkage_of(
    expected: Expected, planning: PlanningSettings, scenario: Scenario, team: Team
) -> tuple[float, str]:
    """Share, and where it is from: the scenario, what shifts tell, or the setting."""
    if scenario.shrinkage is not None:
        return scenario.shrinkage, "scenario"
    return (
        (expected.shrinkage[team], "shifts")
        if team in expected.shrinkage
        else (planning.shrinkage_share, "setting")
    )


def _by_team(
    expected: Expected,
    planning: PlanningSettings,
    scenario: Scenario,
    service_targets: ServiceTargets,
) -> Iterator[Rows]:
    """Requirement rows of each team: one for each live channel and interval, one for all other
    channels together.
    """
    for (account, team_id), part in expected.intervals.groupby(["account", "team_id"], sort=True):
        opening = expected.opening.get(str(account), Opening(()))
        seconds = float(part["interval_minutes"].iloc[0]) * 60
        team = (str(account), str(team_id), part["team"].iloc[0])
        service_targets = replace(
            service_targets, shrinkage=_shrinkage_of(expected, planning, scenario, team[:2])[0]
        )
        frame = part.assign(volume=part["expected_tickets"] * scenario.volume)
        frame["contacts"] = frame["volume"] * frame["planned_ratio"]
        frame["handle"] = [
            _handle_seconds(expected, planning, team, c, d)[0] * scenario.handle
            for c, d in zip(frame["channel"], _days(frame), strict=True)
        ]
        is_live = frame["channel"].isin(planning.live_channels)
        on_line = (
            list(_live_rows(frame[is_live], team, opening, seconds, service_targets))
            if is_live.any()
            else []
        )
        yield on_line
        if not is_live.all():
            idle: dict[datetime, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
            for row in on_line:
                planned, mean = idle[row["starts_at"]]
                free = 1 - row["occupancy"]
                idle[row["starts_at"]] = (
                    planned + row["agents_required"] * free,
                    mean + row["agents_required_mean"] * free,
                )
            yield list(
                _deferred_rows(frame[~is_live], team, opening, seconds, service_targets, idle)
            )


def _days(frame: pd.DataFrame) -> list[date]:
    return [day.date() if isinstance(day, datetime) else day for day in frame["day"].tolist()]


def _named(team: tuple[str, str, str | None], channel: str, service_targets: ServiceTargets) -> Row:
    return {
        "account": team[0],
        "team_id": team[1],
        "team": team[2],
        "channel": channel,
        "shrinkage_share": service_targets.shrinkage,
    }


def _live_rows(
    frame: pd.DataFrame,
    team: tuple[str, str, str | None],
    opening: Opening,
    seconds: float,
    service_targets: ServiceTargets,
) -> Iterator[Row]:
    starts = [s.to_pydatetime() for s in frame["starts_at"]]
    opened = opening.share(starts, seconds)
    chats = (frame["channel"] == "chat").to_numpy()
    handle = frame["handle"].to_numpy(dtype=float)
    need: LiveNeed = live(
        frame["contacts"].to_numpy(dtype=float) * opened, handle, chats, seconds, service_targets
    )
    mean: LiveNeed = live(
        frame["volume"].to_numpy(dtype=float) * opened, handle, chats, seconds, service_targets
    )
    model = "erlang_c" if np.isinf(service_targets.patience) else "erlang_a"
    minutes = frame["local_minute"].tolist()
    for at, (channel, day, volume, contacts) in enumerate(
        zip(frame["channel"], _days(frame), frame["volume"], frame["contacts"], strict=True)
    ):
        yield {
            **_named(team, channel, service_targets),
            "starts_at": starts[at],
            "day": day,
            "local_minute": minutes[at],
            "interval_minutes": int(seconds // 60),
            "model": model,
            "expected_contacts": float(volume * opened[at]),
            "planned_contacts": float(contacts * opened[at]),
            "handle_seconds": float(handle[at]),
            "concurrency": service_targets.concurrency if chats[at] else 1,
            "patience_seconds": None
            if np.isinf(service_targets.patience)
            else service_targets.patience,
            "target_share": service_targets.live.share,
            "target_seconds": service_targets.live.seconds,
            "most_occupied_share": service_targets.live.most_occupied,
            "agents_required": float(need.agents[at]),
            "agents_required_mean": float(mean.agents[at]),
            "heads_scheduled": service_targets.heads(float(need.agents[at])),
            "because": str(need.because[at]),
            "service_level": float(need.reached.service_level[at]),
            "occupancy": float(need.reached.occupancy[at]),
            "abandoned_share": float(need.reached.abandoned[at]),
            "mean_wait_seconds": float(need.reached.mean_wait[at]),
            "backlog_end": None,
            "is_feasible": True,
        }


def _deferred_rows(
    frame: pd.DataFrame,
    team: tuple[str, str, str | None],
    opening: Opening,
    seconds: float,
    service_targets: ServiceTargets,
    idle: Mapping[datetime, tuple[float, float]],
) -> Iterator[Row]:
    """All deferred channels of a team are one queue; their handle time is the mean weighted by
    contacts.

    Teams are blended: who waits for a call or chat works on tickets (`idle`: agents for what is
    planned, for the mean).
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
    starts = [s.to_pydatetime() for s in summed.index]
    opened = opening.share(starts, seconds)
    contacts, volume = (
        summed["contacts"].to_numpy(dtype=float),
        summed["volume"].to_numpy(dtype=float),
    )
    handle = (
        float(summed["work"].sum() / contacts.sum())
        if contacts.sum() > 0
        else float(frame["handle"].mean())
    )
    spare, spare_mean = np.array([idle.get(s, (0.0, 0.0)) for s in starts]).T
    need = later(contacts, opened, handle, seconds, service_targets, spare)
    mean = (
        need
        if np.array_equal(contacts, volume)
        else later(volume, opened, handle, seconds, service_targets, spare_mean)
    )
    minutes = summed["minute"].tolist()
    for at, day in enumerate(_days(summed)):
        is_open = opened[at] > 0
        agents = need.agents * opened[at]
        level = need.outcome.in_target_by_interval[at]
        yield {
            **_named(team, _DEFERRED, service_targets),
            "starts_at": starts[at],
            "day": day,
            "local_minute": minutes[at],
            "interval_minutes": int(seconds // 60),
            "model": _DEFERRED,
            "expected_contacts": float(volume[at]),
            "planned_contacts": float(contacts[at]),
            "handle_seconds": handle,
            "concurrency": 1,
            "patience_seconds": None,
            "target_share": service_targets.deferred_share,
            "target_seconds": service_targets.deferred_seconds,
            "most_occupied_share": service_targets.occupancy,
            "agents_required": agents,
            "agents_required_mean": mean.agents * opened[at],
            "heads_scheduled": service_targets.heads(float(agents)),
            "because": (
                "closed" if not is_open else "service_level" if need.feasible else "stability"
            ),
            "service_level": None if np.isnan(level) else float(level),
            "occupancy": need.outcome.occupancy * service_targets.occupancy if is_open else None,
            "abandoned_share": None,
            "mean_wait_seconds": None,
            "backlog_end": float(need.outcome.backlog[at]),
            "is_feasible": need.feasible,
        }


def _daily(intervals: Sequence[Row], service_targets: ServiceTargets) -> Iterator[Row]:
    """Hours, full-time agents and the highest need of a day, by team and channel."""
    parts: dict[tuple[str, str, str | None, str, date], Rows] = defaultdict(list)
    for row in intervals:
        parts[row["account"], row["team_id"], row["team"], row["channel"], row["day"]].append(row)
    for (account, team_id, team, channel, day), rows in parts.items():
        hours = sum(r["agents_required"] * r["interval_minutes"] for r in rows) / 60
        mean = sum(r["agents_required_mean"] * r["interval_minutes"] for r in rows) / 60
        weight = sum(r["planned_contacts"] for r in rows if r["service_level"] is not None)
        service_targets = replace(service_targets, shrinkage=rows[0]["shrinkage_share"])
        yield {
            "account": account,
            "team_id": team_id,
            "team": team,
            "channel": channel,
            "day": day,
            "expected_contacts": sum(r["expected_contacts"] for r in rows),
            "planned_contacts": sum(r["planned_contacts"] for r in rows),
            "agent_hours": hours,
            "agent_hours_mean": mean,
            "fte": service_targets.fte(hours),
            "fte_mean": service_targets.fte(mean),
            "peak_heads": max(r["heads_scheduled"] for r in rows),
            "service_level": (
                sum(
                    r["planned_contacts"] * r["service_level"]
                    for r in rows
                    if r["service_level"] is not None
                )
                / weight
                if weight
                else None
            ),
            "backlog_close": rows[-1]["backlog_end"],
            "is_feasible": all(r["is_feasible"] for r in rows),
        }


def _view(
    expected: Expected, planning: PlanningSettings, scenario: Scenario, daily: Sequence[Row]
) -> Iterator[Row]:
    """The manager's view: work, people for the work alone and for the promises, planned people and
    the gap, by team and day.
    """
    service: dict[tuple[str, str, date], list[Row]] = defaultdict(list)
    for need in daily:
        service[need["account"], need["team_id"], need["day"]].append(need)
    shares = _shares(expected)
    for found, day in zip(expected.days.to_dict("records"), _days(expected.days), strict=True):
        row: Row = {str(name): value for name, value in found.items()}
        team = (row["account"], row["team_id"], row["team"])
        handle, source = _handle_seconds(expected, planning, team, "", day)
        shrinkage, told_by = _shrinkage_of(
            expected, planning, scenario, (row["account"], row["team_id"])
        )
        assumed = Assumptions(
            handle * scenario.handle / 60,
            planning.paid_hours_per_day,
            shrinkage,
            planning.occupancy_share,
        )
        tickets = row["expected_tickets"] * scenario.volume
        kept = service.get((row["account"], row["team_id"], day), [])
        fte = sum(r["fte"] for r in kept) if kept else None
        planned = (
            _planned(expected, row["team"], day).part(shares[row["account"], row["team_id"]]).fte
            if day in expected.workdays
            else None
        )
        needed = assumed.required_fte(tickets)
        yield {
            "account": row["account"],
            "team_id": row["team_id"],
            "team": row["team"],
            "day": day,
            "expected_tickets": tickets,
            "model": row["model"],
            "handle_minutes": assumed.handle_minutes,
            "handle_from": source,
            "shrinkage_share": shrinkage,
            "shrinkage_from": told_by,
            "productive_minutes": assumed.productive_minutes,
            "workload_hours": assumed.workload_hours(tickets),
            "required_fte": needed,
            **{
                f"required_fte_{b}": assumed.required_fte(row[b] * scenario.volume) for b in _BOUNDS
            },
            "service_fte": fte,
            "service_fte_mean": sum(r["fte_mean"] for r in kept) if kept else None,
            "peak_heads": sum(r["peak_heads"] for r in kept) if kept else None,
            "is_feasible": all(r["is_feasible"] for r in kept) if kept else None,
            "planned_fte": planned,
            "gap_fte": None if planned is None else planned - (needed if fte is None else fte),
        }


def _headcount(
    expected: Expected, planning: PlanningSettings, daily: Sequence[Row]
) -> Iterator[Row]:
    """Months to hire for: who is asked for today begins after the forecast has ended."""
    hiring = headcount.Hiring(
        planning.yearly_attrition_share, planning.hiring_lead_months, planning.ramp_shares
    )
    teams: dict[tuple[str, str, str | None], dict[date, tuple[float, float]]] = defaultdict(
        lambda: defaultdict(lambda: (0.0, 0.0))
    )
    for row in daily:
        days = teams[row["account"], row["team_id"], row["team"]]
        fte, came = days[row["day"]]
        days[row["day"]] = fte + row["fte"], came + row["planned_contacts"]
    shares = _shares(expected)
    for (account, team_id, name), days in sorted(teams.items(), key=lambda item: item[0][:2]):
        told = {
            month: plan.part(shares[account, team_id])
            for (team, month), plan in expected.planned.items()
            if team == name
        }
        contacts = {
            month: plan.contacts for month, plan in told.items() if plan.contacts is not None
        }
        months = headcount.needs(days, expected.workdays, contacts, planning.headcount_months)
        planned = [told.get(need.month, Planned()).fte for need in months]
        start = next(
            (fte for fte in planned if fte is not None), expected.heads.get((account, team_id), 0)
        )
        for need, asked, found in zip(
            months,
            planned,
            headcount.plan([n.fte for n in months], float(start), hiring),
            strict=True,
        ):
            yield {
                "account": account,
                "team_id": team_id,
                "team": name,
                "month_on": need.month,
                "workdays_forecast": need.workdays,
                "need_from": need.source,
                "need_fte": found.need,
                "planned_fte": asked,
                "start_fte": found.start,
                "leavers_fte": found.leavers,
                "joiners": found.joiners,
                "in_training_fte": found.in_training,
                "productive_fte": found.productive,
                "end_fte": found.end,
                "gap_fte": found.gap,
                "request": found.request,
            }


def _roster(
    intervals: Sequence[Row], patterns: Sequence[ShiftPattern], most_days: int
) -> Iterator[Row]:
    """The cheapest shifts of every team and day; a need outside all shifts stays open and is shown."""
    if not patterns or not intervals:
        return
    last = min(row["day"] for row in intervals) + timedelta(days=most_days - 1)
    days: dict[tuple[str, str, str | None, date], dict[tuple[datetime, int], float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for row in intervals:
        if row["day"] <= last:
            days[row["account"], row["team_id"], row["team"], row["day"]][
                row["starts_at"], row["local_minute"]
            ] += row["heads_scheduled"]
    minutes = intervals[0]["interval_minutes"]
    for (account, team_id, team, day), need in days.items():
        starts = sorted(need)
        shifts = [
            p.over([minute for _, minute in starts], minutes) for p in patterns if p.works(day)
        ]
        found = roster.cover([need[s] for s in starts], shifts, price_of_under=4 * minutes / 60)
        hours = minutes / 60
        for shift in shifts:
            yield {
                "account": account,
                "team_id": team_id,
                "team": team,
                "day": day,
                "shift": shift.name,
                "heads": found.heads[shift.name],
                "paid_hours": found.heads[shift.name] * shift.paid_hours,
                "need_head_hours": sum(need.values()) * hours,
                "over_head_hours": float(found.over.sum()) * hours,
                "under_head_hours": float(found.under.sum()) * hours,
            }
