"""Helpers shared by tests, other than fixtures.

Imported by this name: some installed packages ship a top-level `tests`.
"""

import itertools
import socket
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tasks.sandbox.story import BERLIN, Ticket

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


def open_between(start: datetime, end: datetime) -> int:
    """Open seconds of the Berlin schedule, day by day."""
    total, day = 0.0, start.date() - timedelta(days=1)
    while day <= end.date() + timedelta(days=1):
        span = BERLIN.hours(day)
        if span:
            total += max(0.0, (min(end, span[1]) - max(start, span[0])).total_seconds())
        day += timedelta(days=1)
    return int(total)


def truth(ticket: Ticket, now: datetime) -> dict:
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
        "first_reply_business": open_between(ticket.created_at, first) if first else None,
        "full_resolution_business": open_between(ticket.created_at, solved) if solved else None,
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
