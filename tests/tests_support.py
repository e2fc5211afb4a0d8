"""Helpers shared by tests, other than fixtures.

Imported by this name: some installed packages ship a top-level `tests`.
"""

import itertools
import json
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tasks.sandbox.story import BERLIN, Schedule, Team, Ticket

FIRST, TODAY = date(2026, 8, 1), date(2026, 11, 1)
MEASURES = {  # counts of `truth`, and their columns in core.fct_ticket
    "replies": "replies_count",
    "first_reply": "first_reply_seconds_recorded",
    "first_resolution": "first_resolution_seconds_recorded",
    "full_resolution": "full_resolution_seconds_recorded",
    "reopens": "reopens_count",
    "first_reply_business": "first_reply_business_seconds_recorded",
    "full_resolution_business": "full_resolution_business_seconds_recorded",
    "merged": "is_excluded",
    "solves": "solves_count",
    "one_touch": "is_one_touch",
    "agents": "assignee_stations_count",
    "teams": "team_stations_count",
    "first_assignment": "first_assignment_seconds_recorded",
    "pending": "agent_wait_seconds_recorded",
    "on_hold": "on_hold_seconds_recorded",
    "customer_messages": "customer_messages_count",
    "private_messages": "private_messages_count",
}


@dataclass
class PageView:
    """A page as paging objects see it."""

    count: int = 1
    values: dict = field(default_factory=dict)
    lasts: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    firsts: dict = field(default_factory=dict)
    received: int | None = None

    def value(self, path):
        return self.values.get(path)

    def first(self, path):
        return self.firsts.get(path)

    def last(self, path):
        return self.lasts.get(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def differences(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> dict[str, Any]:
    """Tables that differ, with a few rows that only one side has."""
    result = {}
    for name in sorted(set(one) | set(other)):
        left, right = one.get(name, []), other.get(name, [])
        if left != right:
            in_left, in_right = set(left), set(right)
            only_left = [r for r in left if r not in in_right][:2]
            only_right = [r for r in right if r not in in_left][:2]
            result[name] = {
                "rows": (len(left), len(right)),
                "only one": only_left,
                "only other": only_right,
            }
    return result


Turns = list[tuple[datetime, Schedule]]  # since when which schedule


def turns_of(ticket: Ticket, hours: Callable[[Team], Schedule], teams: Iterable[Team]) -> Turns:
    """The schedules of a ticket that follows its team, one after the other."""
    by_number = {str(team.number): hours(team) for team in teams}
    return [(c.at, by_number[c.after]) for c in ticket.changes if c.field == "team" and c.after]


def open_between(start: datetime, end: datetime, turns: Turns) -> int:
    """Open seconds, each day judged by the schedule in force at each second."""
    total = 0.0
    for place, (since, schedule) in enumerate(turns):
        low = max(start, since) if place else start
        high = min([end, *(at for at, _ in turns[place + 1 : place + 2])])
        day = low.date() - timedelta(days=1)
        while day <= high.date() + timedelta(days=1):
            for opens, closes in schedule.open_on(day):
                total += max(0.0, (min(high, closes) - max(low, opens)).total_seconds())
            day += timedelta(days=1)
    return int(total)


def truth(ticket: Ticket, now: datetime, turns: Turns | None = None) -> dict:
    """Measures of a ticket, counted from the story. Without `turns`, Berlin's hours apply."""
    turns = turns or [(ticket.created_at, BERLIN)]
    statuses = [c for c in ticket.changes_until(now) if c.field == "status"]
    done = [c.after in {"solved", "closed"} for c in statuses]
    solves = [c.at for i, c in enumerate(statuses) if done[i] and (i == 0 or not done[i - 1])]
    replies = [n.at for n in ticket.notes_until(now) if n.role == "agent" and n.is_public]
    first, solved = (replies[0] if replies else None), (solves[-1] if solves and done[-1] else None)

    def seconds(at: datetime | None) -> int | None:
        return int((at - ticket.created_at).total_seconds()) if at else None

    return {
        "replies": len(replies),
        "first_reply": seconds(first),
        "first_resolution": seconds(solves[0] if solves else None),
        "full_resolution": seconds(solved),
        "reopens": sum(a and not b for a, b in itertools.pairwise(done)),
        "first_reply_business": open_between(ticket.created_at, first, turns) if first else None,
        "full_resolution_business": (
            open_between(ticket.created_at, solved, turns) if solved else None
        ),
        "merged": bool(ticket.merged_at and ticket.merged_at <= now),
        "solves": len(solves),
        "one_touch": bool(done[-1]) and len(replies) == 1,
        "agents": _stations(ticket, "assignee", now),
        "teams": _stations(ticket, "team", now),
        "first_assignment": seconds(
            next(
                (c.at for c in ticket.changes_until(now) if c.field == "assignee" and c.after), None
            )
        ),
        "pending": _spent(statuses, "pending"),
        "on_hold": _spent(statuses, "hold"),
        "customer_messages": sum(
            n.role == "customer" and n.is_public for n in ticket.notes_until(now)
        ),
        "private_messages": sum(not n.is_public for n in ticket.notes_until(now)),
    }


def _stations(ticket: Ticket, field_name: str, now: datetime) -> int:
    """How many held it, one after the other."""
    return sum(bool(c.after) for c in ticket.changes_until(now) if c.field == field_name)


def _spent(statuses: list[Any], status: str) -> int:
    """Seconds of the finished spans in a status."""
    return sum(
        int((after.at - at.at).total_seconds())
        for at, after in itertools.pairwise(statuses)
        if at.after == status
    )


def own_fields(bench: Any, account: str) -> dict[tuple[str, str], str | None]:
    """The values of an account's chosen fields, by ticket and name."""
    rows = bench.fetch(
        "select own.ticket_id, chosen.name, own.value from source.ticket_field as own"
        " join ops.account_field as chosen on own.account = chosen.account"
        " and own.field_id = chosen.field_id and chosen.record_type = 'ticket'"
        f" where own.account = '{account}'"
    )
    return {(ticket, name): value for ticket, name, value in rows}


def as_text(value: list[str] | str | None) -> str | None:
    """A value as the tables have it: several as a JSON array, an empty one as null."""
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False) if value else None
    return value or None
