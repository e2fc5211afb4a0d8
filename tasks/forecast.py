"""Step: write the forecast of every team: volume by day, channel and interval, totals, other work,
and how good it was.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tasks.forecasting import intraday, prediction_intervals
from tasks.forecasting.engine import engine
from tasks.forecasting.panel import WEEK, Floats, Kind, Panel, Treated, panel
from tasks.forecasting.volume import (
    COMBINED,
    NAIVE,
    Forecasts,
    errors,
    floor,
    forecast,
    full,
    scores,
)
from tasks.settings import PlanningSettings
from tasks.sqlmodels.materialization import Materialized, materialize
from tasks.warehouse import runlog
from tasks.warehouse.session import Session

_QUANTILES = ("low_95", "q05", "low_80", "q25", "q50", "q75", "high_80", "q95", "high_95")
_LOW_80, _HIGH_80, _LOW_95, _HIGH_95 = (
    _QUANTILES.index(name) for name in ("low_80", "high_80", "low_95", "high_95")
)
_SHARE_DAYS = 28
_BUCKET_SECONDS = 900  # the shortest interval; also divides every time zone's offset
_WORK = {
    "replies": "replies_per_ticket",
    "reopens": "reopens",
    "surveys_answered": "survey_response_rate",
    "solved": "tickets_solved",
    "handle_minutes": "handle_time",
}
_FEWEST_ORIGINS = 3  # past forecasts before intervals of that time can be made

Row = dict[str, Any]
Rows = list[Row]
Team = tuple[str, str]


def build_forecast(
    session: Session,
    planning: PlanningSettings,
    run_id: str,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Materialized]:
    """Every forecast table, if history, calendar or settings changed.

    `say` is told how far it is.
    """
    given = {
        "models": planning.models,
        "horizon": planning.horizon_days,
        "minutes": planning.interval_minutes,
        "days": planning.interval_days,
    }

    def make() -> dict[str, Iterable[Row]]:
        history = _read(session, planning)
        return _rows(history, planning, progress) if history.teams else {}

    made = materialize(session, "forecast", given, make, run_id=run_id)
    if any(one.changed for one in made):
        runlog.tell_forecast(session, run_id)
    return made


@dataclass(frozen=True, slots=True)
class History:
    """What the forecast is made from. Teams in the panel's order."""

    teams: tuple[Team, ...]
    names: Mapping[Team, str | None]
    volume: Panel
    zone: str
    channels: tuple[tuple[Team, str], ...]
    by_channel: Floats  # (channels, known days)
    arrivals: Sequence[
        tuple[str, str, str, int, int]
    ]  # account, team, channel, quarter hour since 1970, tickets
    work: Panel
    work_keys: tuple[tuple[Team, str], ...]


def _read(session: Session, planning: PlanningSettings) -> History:
    zone, last = session.fetch("select time_zone, last_day from ops.reporting_zone where is_main")[
        0
    ]
    counts: dict[Team, dict[date, float]] = defaultdict(dict)
    names: dict[Team, str | None] = {}
    for account, team_id, team, day, count in session.fetch(
        "select account, team_id, team, day, created_count from marts.ticket_volume_daily",
    ):
        counts[account, team_id][day] = float(count)
        names[account, team_id] = team
    special = _special(session, names)
    teams = tuple(sorted(counts))
    volume = _panel(
        {_key(t): counts[t] for t in teams},
        last,
        planning.horizon_days,
        {_key(t): special[t] for t in teams},
    )
    work, work_keys = _work(session, last, planning.horizon_days, teams, special)
    channels, by_channel = _channels(session, volume, teams)
    return History(
        teams,
        names,
        volume,
        zone,
        channels,
        by_channel,
        _arrivals(session, last, zone),
        work,
        work_keys,
    )


def _key(team: Team, more: str = "") -> str:
    return "\x1f".join((*team, more))


def _panel(
    history: Mapping[str, Mapping[date, float]],
    last: date,
    horizon: int,
    special: Mapping[str, Mapping[date, Kind]],
) -> Panel:
    return panel(history, last=last, horizon=horizon, special=special)


def _special(session: Session, names: Mapping[Team, str | None]) -> dict[Team, dict[date, Kind]]:
    """Special days of every team: holidays of its account, then what the special_days file says of
    it.
    """
    holidays: dict[str, dict[date, Kind]] = defaultdict(dict)
    for account, day in session.fetch("select account, day from core.dim_special_day"):
        holidays[account][day] = Kind.REDUCED
    told: dict[str, dict[date, Kind]] = defaultdict(dict)
    for team, day, kind in session.fetch(
        "select team, day_on, kind from source.special_day order by account, team, day_on",
    ):
        told[team][day] = Kind[kind.upper()]
    return {
        team: {**holidays[team[0]], **told["all"], **told[name or team[1]]}
        for team, name in names.items()
    }


def _work(
    session: Session,
    last: date,
    horizon: int,
    teams: Sequence[Team],
    special: Mapping[Team, Mapping[date, Kind]],
) -> tuple[Panel, tuple[tuple[Team, str], ...]]:
    """Daily counts of other work, from the numerators of KPIs; days between the first and the last
    known are zero.
    """
    counts: dict[tuple[Team, str], dict[date, float]] = defaultdict(dict)
    measures = {kpi: measure for measure, kpi in _WORK.items()}
    listed = ", ".join(f"'{kpi}'" for kpi in measures)
    for account, team_id, kpi, day, count in session.fetch(
        "select k.account, k.team_id, k.kpi, k.day, sum(k.numerator) from marts.kpi_daily as k"
        " join ops.reporting_zone as z on z.is_main and z.time_zone = k.time_zone where k.kpi in"
        f" ({listed}) group by k.account, k.team_id, k.kpi, k.day",
    ):
        if (account, team_id) in special and day <= last:
            counts[(account, team_id), measures[kpi]][day] = float(count)
    for account, team_id, day, count in session.fetch(
        "select c.account, c.team_id, d.day, count(*) from core.fct_call as c join"
        " ops.reporting_zone as z on z.is_main join core.dim_local_day as d on d.time_zone ="
        " z.time_zone and c.offered_at >= d.starts_at and c.offered_at < d.ends_at where d.day <="
        " z.last_day group by c.account, c.team_id, d.day",
    ):
        if (account, team_id) in special:
            counts[(account, team_id), "calls"][day] = float(count)
    keys = tuple(sorted(counts))
    filled = {}
    for (team, measure), found in counts.items():
        first = min(found)
        filled[_key(team, measure)] = {
            first + timedelta(days=i): found.get(first + timedelta(days=i), 0.0)
            for i in range((last - first).days + 1)
        }
    return _panel(filled, last, horizon, {_key(t, m): special[t] for t, m in keys}), keys


def _channels(
    session: Session, volume: Panel, teams: Sequence[Team]
) -> tuple[tuple[tuple[Team, str], ...], Floats]:
    found: dict[tuple[Team, str], Floats] = {}
    place = set(teams)
    for account, team_id, channel, day, count in session.fetch(
        "select account, team_id, channel, created_on, count(*) from core.fct_ticket where not"
        " is_excluded and team_id is not null group by account, team_id, channel, created_on",
    ):
        at = (day - volume.first).days
        if (account, team_id) in place and 0 <= at < volume.known:
            found.setdefault(((account, team_id), channel or "other"), np.zeros(volume.known))[
                at
            ] += count
    keys = tuple(sorted(found))
    return keys, np.stack([found[key] for key in keys]) if keys else np.zeros((0, volume.known))


def _arrivals(session: Session, last: date, zone: str) -> list[tuple[str, str, str, int, int]]:
    """Tickets of the last weeks by quarter hour."""
    since = datetime.combine(
        last - timedelta(days=7 * intraday.WEEKS - 1), datetime.min.time(), ZoneInfo(zone)
    ).astimezone(UTC)
    until = datetime.combine(
        last + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)
    ).astimezone(UTC)
    return [
        (account, team_id, channel or "other", int(quarter), int(count))
        for account, team_id, channel, quarter, count in session.fetch(
            "select account, team_id, channel, cast(floor(extract(epoch from created_at) /"
            f" {_BUCKET_SECONDS}) as bigint) as quarter, count(*) from core.fct_ticket where not"
            " is_excluded and team_id is not null and created_at >= :since and created_at < :until"
            " group by account, team_id, channel, quarter",
            {"since": since, "until": until},
        )
    ]


def _rows(
    history: History, planning: PlanningSettings, progress: Callable[[str], None]
) -> dict[str, Iterable[Row]]:
    """Rows by table, made when they are asked for: there are many intervals."""
    candidates = floor if planning.models == "floor" else full
    made = forecast(
        history.volume,
        candidates=candidates,
        engine=engine(planning.engine),
        progress=lambda done, of: progress(_bar(done, of)),
    )
    honest = _bands_of_then(made)
    means, daily, rows = _channel_means(history, made)
    return {
        "forecast_volume_daily": _volume(history, made, honest),
        "forecast_channel_daily": rows,
        "forecast_total_daily": _totals(history, made),
        "forecast_weekly": _weekly(history, made),
        "forecast_workload_daily": _workload(history),
        "forecast_volume_interval": _intervals(history, means, daily, planning),
        "forecast_score": _scores(history, made),
        "forecast_accuracy_daily": _accuracy(history, made, honest),
        "forecast_history_daily": _treated(history, made),
    }


def _bar(done: int, of: int) -> str:
    """How far it is, as a line that logs and terminals show alike."""
    full_marks = 20 * done // of
    return f"forecast: [{'#' * full_marks}{'.' * (20 - full_marks)}] {done} of {of} parts done"


def _named(history: History, team: Team) -> Row:
    return {"account": team[0], "team_id": team[1], "team": history.names[team]}


def _quantiles(found: Floats) -> Row:
    return {name: float(value) for name, value in zip(_QUANTILES, found, strict=True)}


def _bands_of_then(made: Forecasts) -> Floats:
    """(origins, queues, horizon, levels): bands that could be made at each origin from the errors
    known then; else NaN.
    """
    found = np.full((*made.past.shape, len(prediction_intervals.LEVELS)), np.nan)
    for place, fold in enumerate(made.folds):
        if place >= _FEWEST_ORIGINS:
            known_then = np.stack(
                [
                    np.where(
                        earlier.known + np.arange(made.panel.horizon) < fold.known,
                        earlier.came,
                        np.nan,
                    )
                    for earlier in made.folds[:place]
                ]
            )
            found[place] = prediction_intervals.quantiles(
                made.past[place], made.past[:place], known_then
            )
    return found


def _share(inside: Any, known: Any) -> list[float | None]:
    counted = known.sum(axis=(0, 2))
    return [
        float(i) / int(n) if n else None
        for i, n in zip((inside & known).sum(axis=(0, 2)), counted, strict=True)
    ]


def _volume(history: History, made: Forecasts, honest: Floats) -> Iterator[Row]:
    chosen = _errors(made)
    known = (
        ~np.isnan(made.came) & (honest[..., -1] > 0)
        if len(made.folds)
        else np.zeros((0, len(history.teams), made.panel.horizon), dtype=bool)
    )
    in_80 = _share(
        (honest[..., _LOW_80] <= made.came) & (made.came <= honest[..., _HIGH_80]), known
    )
    in_95 = _share(
        (honest[..., _LOW_95] <= made.came) & (made.came <= honest[..., _HIGH_95]), known
    )
    for row, team in enumerate(history.teams):
        wape, naive, noise = chosen[row]
        for lead in range(made.panel.horizon):
            yield {
                **_named(history, team),
                "day": made.panel.day(made.panel.known + lead),
                "lead_days": lead + 1,
                "origin_day": made.panel.origin,
                "model": made.models[row],
                "day_kind": Kind(int(made.panel.kinds[row, made.panel.known + lead])).name.lower(),
                "expected_tickets": float(made.means[row, lead]),
                **_quantiles(made.quantiles[row, lead]),
                "backtest_wape": wape,
                "naive_wape": naive,
                "noise_wape": noise,
                "coverage_80": in_80[row],
                "coverage_95": in_95[row],
            }


def _errors(made: Forecasts) -> list[tuple[float | None, float | None, float | None]]:
    """By queue: error of the chosen model and of seasonal naive over tickets, and the error of
    chance alone.
    """
    if not made.folds:
        return [(None, None, None)] * len(made.panel.queues)
    wrong = np.nansum(np.abs(made.came - made.past), axis=(0, 2))
    naive, came = errors(made.folds, NAIVE)
    chance = np.where(
        np.isnan(made.came), 0, prediction_intervals.chance_error(np.maximum(made.past, 0))
    ).sum(axis=(0, 2))
    return [
        (float(w / c), float(n / c), float(p / c)) if c else (None, None, None)
        for w, n, p, c in zip(wrong, naive, chance, came, strict=True)
    ]


def _totals(history: History, made: Forecasts) -> Iterator[Row]:
    accounts = sorted({account for account, _ in history.teams})
    members = {
        account: [row for row, team in enumerate(history.teams) if team[0] == account]
        for account in accounts
    }
    for account, rows in (
        {**members, "all": list(range(len(history.teams)))}.items() if history.teams else ()
    ):
        means = made.means[rows].sum(axis=0)[None]
        past, came = made.past[:, rows].sum(axis=1)[:, None], _summed(made.came[:, rows])[:, None]
        found = prediction_intervals.quantiles(means, past, came)[0]
        for lead in range(made.panel.horizon):
            yield {
                "account": account,
                "day": made.panel.day(made.panel.known + lead),
                "lead_days": lead + 1,
                "expected_tickets": float(means[0, lead]),
                **_quantiles(found[lead]),
            }


def _weekly(history: History, made: Forecasts) -> Iterator[Row]:
    """Sums of seven days.

    Their bands come from the errors of such sums: sums of days' bounds would be too wide.
    """
    weeks = made.panel.horizon // WEEK
    teams = range(len(history.teams))
    names: dict[tuple[str, str, str | None], list[int]] = {
        (*team, history.names[team]): [row] for row, team in enumerate(history.teams)
    }
    for account in sorted({account for account, _ in history.teams}):
        names[account, "all", "all"] = [row for row in teams if history.teams[row][0] == account]
    names |= {("all", "all", "all"): list(teams)} if history.teams else {}

    def sums(days: Floats) -> Floats:
        return np.asarray(
            days[..., : weeks * WEEK].reshape(*days.shape[:-1], weeks, WEEK).sum(axis=-1)
        )

    def members(of: Floats) -> Floats:
        return np.stack([of[..., rows, :].sum(axis=-2) for rows in names.values()], axis=-2)

    if not weeks or not names:
        return
    known = np.stack([_summed(made.came[:, rows]) for rows in names.values()], axis=1)
    means, past, came = sums(members(made.means)), sums(members(made.past)), sums(known)
    found = np.where(
        (means > 0)[..., None],
        prediction_intervals.quantiles(means, past, came, prediction_intervals.WEEK_GROUPS),
        0.0,
    )
    for row, (account, team_id, name) in enumerate(names):
        for week in range(weeks):
            first = made.panel.day(made.panel.known + week * WEEK)
            yield {
                "account": account,
                "team_id": team_id,
                "team": name,
                "first_day": first,
                "last_day": first + timedelta(days=WEEK - 1),
                "weeks_ahead": week + 1,
                "expected_tickets": float(means[row, week]),
                **_quantiles(found[row, week]),
            }


def _summed(came: Floats) -> Floats:
    """Sum over queues (axis 1); NaN where no queue is known."""
    return np.where(np.isnan(came).all(axis=1), np.nan, np.nansum(came, axis=1))


def _channel_means(history: History, made: Forecasts) -> tuple[Floats, Floats, Rows]:
    """Means (channels, horizon) that sum to their teams, their quantiles, and the rows of the
    table.
    """
    place = {team: row for row, team in enumerate(history.teams)}
    rows = [place[team] for team, _ in history.channels]
    members = np.array(rows, dtype=int)
    if not len(members):
        return (
            np.zeros((0, made.panel.horizon)),
            np.zeros((0, made.panel.horizon, len(_QUANTILES))),
            [],
        )
    share = _shares(history.by_channel, made.panel.known, members)
    means = made.means[members] * share[:, None]
    past = (
        np.stack(
            [
                made.past[at][members] * _shares(history.by_channel, fold.known, members)[:, None]
                for at, fold in enumerate(made.folds)
            ]
        )
        if made.folds
        else np.empty((0, *means.shape))
    )
    came = np.full(past.shape, np.nan)
    for at, fold in enumerate(made.folds):
        there = history.by_channel[:, fold.known : fold.known + made.panel.horizon]
        came[at, :, : there.shape[1]] = there
    found = np.where((means > 0)[..., None], prediction_intervals.quantiles(means, past, came), 0.0)
    listed = [
        {
            **_named(history, team),
            "channel": channel,
            "day": made.panel.day(made.panel.known + lead),
            "channel_share": float(share[row]),
            "expected_tickets": float(means[row, lead]),
            **_quantiles(found[row, lead]),
        }
        for row, (team, channel) in enumerate(history.channels)
        for lead in range(made.panel.horizon)
    ]
    return means, found, listed


def _shares(counts: Floats, known: int, members: Any) -> Floats:
    """Each channel's share of its team's last four weeks; of all known days if nothing came in
    these.
    """

    def summed(found: Floats) -> tuple[Floats, Floats]:
        own = found.sum(axis=1)
        return own, np.bincount(members, own)[members]

    own, team = summed(counts[:, max(known - _SHARE_DAYS, 0) : known])
    ever, team_ever = summed(counts[:, :known] + 1e-9)
    return np.where(team > 0, own / np.where(team > 0, team, 1), ever / team_ever)


def _workload(history: History) -> Iterator[Row]:
    """Averages are enough for work that follows volume."""
    if not history.work_keys:
        return
    made = forecast(history.work, candidates=floor)
    for row, (team, measure) in enumerate(history.work_keys):
        for lead in range(made.panel.horizon):
            yield {
                **_named(history, team),
                "measure": measure,
                "day": made.panel.day(made.panel.known + lead),
                "model": made.models[row],
                "expected_count": float(made.means[row, lead]),
                **_quantiles(made.quantiles[row, lead]),
            }


def _intervals(
    history: History, means: Floats, daily: Floats, planning: PlanningSettings
) -> Iterator[Row]:
    """Channels over the pieces of each of the next days; `daily` are the channels' quantiles by
    day.
    """
    minutes, panel = planning.interval_minutes, history.volume
    profiles, unsteady = _profiles(history, minutes)
    for lead in range(min(planning.interval_days, panel.horizon)):
        slots = intraday.slots_of(panel.day(panel.known + lead), history.zone, minutes)
        spread = intraday.spread(means[:, lead], profiles, slots)
        unsure = intraday.unsure(means[:, lead], daily[:, lead, _LOW_80], daily[:, lead, _HIGH_80])
        found, spread = (
            intraday.quantiles(spread, unsure + unsteady).tolist(),
            spread.tolist(),
        )  # plain numbers at once: there are many
        for row, (team, channel) in enumerate(history.channels):
            named = {
                **_named(history, team),
                "channel": channel,
                "interval_minutes": minutes,
                "day": slots.day,
            }
            for at, (starts_at, slot) in enumerate(zip(slots.starts, slots.places, strict=True)):
                yield {
                    **named,
                    "starts_at": starts_at,
                    "local_minute": slot * minutes,
                    "expected_tickets": spread[row][at],
                    **dict(zip(_QUANTILES, found[row][at], strict=True)),
                }


def _profiles(history: History, minutes: int) -> tuple[Floats, Floats]:
    """Of every channel: its days' shape, and how much that differs from day to day."""
    place = {key: row for row, key in enumerate(history.channels)}
    first = history.volume.origin - timedelta(days=7 * intraday.WEEKS - 1)
    found: list[tuple[int, int, int, int]] = []
    for account, team_id, channel, quarter, count in history.arrivals:
        wall = datetime.fromtimestamp(quarter * _BUCKET_SECONDS, UTC).astimezone(
            ZoneInfo(history.zone)
        )
        row = place.get(((account, team_id), channel))
        if row is not None:
            found.append(
                (row, (wall.date() - first).days, (wall.hour * 60 + wall.minute) // minutes, count)
            )
    by_day = intraday.counts_by_slot(found, (len(history.channels), 24 * 60 // minutes))
    counts = intraday.by_weekday(by_day, first)
    profiles = intraday.profiles(
        counts,
        (
            intraday.profiles(np.broadcast_to(counts.sum(axis=0), counts.shape))
            if len(counts)
            else None
        ),
    )
    return profiles, intraday.unsteadiness(by_day, first, profiles)


def _scores(history: History, made: Forecasts) -> Iterator[Row]:
    place = {_key(team): row for row, team in enumerate(history.teams)}
    for score in scores(made):
        row = place[score.queue]
        chosen = made.models[row] if made.models[row] in made.folds[0].means else COMBINED
        yield {
            **_named(history, history.teams[row]),
            "model": score.model,
            "is_chosen": score.model == chosen,
            "lead_from": score.lead_from,
            "lead_until": score.lead_until,
            "days": score.days,
            "absolute_error": score.absolute_error,
            "error": score.error,
            "came": score.came,
            "naive_error": score.naive_error,
        }


def _accuracy(history: History, made: Forecasts, honest: Floats) -> Iterator[Row]:
    def told(value: Any) -> float | None:
        return None if np.isnan(value) else float(value)

    for at, fold in enumerate(made.folds):
        for row, team in enumerate(history.teams):
            for lead in np.flatnonzero(~np.isnan(fold.came[row])):
                then = honest[at, row, lead]
                yield {
                    **_named(history, team),
                    "origin_day": made.panel.day(fold.known - 1),
                    "day": made.panel.day(int(fold.known + lead)),
                    "lead_days": int(lead) + 1,
                    "model": made.models[row],
                    "expected_tickets": float(made.past[at, row, lead]),
                    "came_tickets": float(fold.came[row, lead]),
                    "low_80": told(then[_LOW_80]),
                    "high_80": told(then[_HIGH_80]),
                    "low_95": told(then[_LOW_95]),
                    "high_95": told(then[_HIGH_95]),
                }


def _treated(history: History, made: Forecasts) -> Iterator[Row]:
    for row, at in np.argwhere(made.cleaned.treated != Treated.AS_IT_IS):
        used, came = made.cleaned.values[row, at], made.panel.values[row, at]
        yield {
            **_named(history, history.teams[row]),
            "day": made.panel.day(int(at)),
            "treatment": Treated(int(made.cleaned.treated[row, at])).name.lower(),
            "came_tickets": None if np.isnan(came) else float(came),
            "used_tickets": None if np.isnan(used) else float(used),
        }
