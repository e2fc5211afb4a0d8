"""Every per-ticket measure, SLA clock and daily figure from the event log, in plain Python.

It shares nothing with the SQL or with the product's business time: it looks up open hours minute by
minute in the tz database, replays statuses one change after the other, and counts days one by one.
"""

import json
import runpy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from event_log import AS_OF, CATEGORY, FIRST, SCHEDULES, Log

ZERO = (FIRST - timedelta(days=3)).replace(hour=0, minute=0, second=0)
MINUTES = int((AS_OF - ZERO).total_seconds()) // 60 + 3 * 1440
PRIORITY = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
SOLVED = {"solved", "closed"}
BOTS, ESCALATION_TEAM, RECONTACT_DAYS = {"api1"}, "tier2", 7
METRIC = {
    "requester_wait_time": "requester_wait",
    "agent_work_time": "agent_work",
    "resolution_time": "resolution",
    "periodic_update_time": "periodic_update",
    "pausable_update_time": "pausable_update",
}
COUNTS_IN = {
    "requester_wait": {"new", "open", "other", "hold"},
    "agent_work": {"new", "open", "other"},
    "resolution": {"new", "open", "other", "hold", "pending"},
    "pausable_update": {"new", "open", "other", "hold"},
}
# added up, never divided
COUNTED = {
    "tickets_created",
    "tickets_solved",
    "solves",
    "reopens",
    "net_flow",
    "backlog",
    "transfers",
    "reassignments",
    "bad_to_good",
    "good_to_bad",
    "sla_breaches",
}
# KPIs of tickets in files of their own: `counted(ticket, measures)` of kpi/<name>.py
OWN = {
    path.stem: runpy.run_path(str(path))["counted"]
    for path in sorted((Path(__file__).parent / "kpi").glob("*.py"))
}


@cache
def open_minutes(schedule: str) -> np.ndarray:
    """Whether the schedule is open, for every minute since ZERO.

    Decided from the minute's local wall time, weekday and date.
    """
    zone, intervals, closed = SCHEDULES[schedule]
    tz, is_open = ZoneInfo(zone), np.zeros(MINUTES, dtype=np.int64)
    for minute in range(MINUTES):
        local = (ZERO + timedelta(minutes=minute)).astimezone(tz)
        if any(low <= local.date() <= high for low, high in closed):
            continue
        wall = (local.isoweekday() % 7) * 1440 + local.hour * 60 + local.minute
        is_open[minute] = any(
            low <= wall < high or low <= wall + 10_080 < high for low, high in intervals
        )
    return is_open


def seconds(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())


def open_seconds(schedule: str, start: datetime, end: datetime) -> int:
    """Open seconds in [start, end)."""
    if end <= start:
        return 0
    bits, a, b = open_minutes(schedule), seconds(ZERO, start), seconds(ZERO, end)
    first, last = a // 60, b // 60
    if first == last:
        return int(bits[first]) * (b - a)
    return (
        int(bits[first]) * (60 - a % 60)
        + int(bits[first + 1 : last].sum()) * 60
        + int(bits[last]) * (b % 60)
    )


class Ticket:
    """One ticket's life, replayed."""

    def __init__(self, row: dict[str, Any], log: "Facts") -> None:
        key = row["ticket_id"]
        self.row, self.key, self.created = row, key, row["created_at"]
        self.events = sorted(
            log.events[key], key=lambda e: (e["changed_at"], e["sequence"], e["event_id"])
        )
        self.targets = log.targets[key]
        self.published = log.published[key]
        self.rated: list[dict[str, Any]] = []
        self.excluded = row.get("merged_into_id") is not None
        self._replay_statuses()
        self._replay_messages(log.messages[key])
        self.schedules = self._spans_of("schedule", row.get("schedule_id"))
        self.holders = {kind: self._holders(kind) for kind in ("assignee", "team")}
        first_assigned = [
            e["changed_at"] for e in self.events if e["field"] == "assignee" and e["to_value"]
        ]
        self.first_assigned = first_assigned[0] if first_assigned else None

    def _replay_statuses(self) -> None:
        changes = [e for e in self.events if e["field"] == "status"]
        if changes:
            steps = [(max(e["changed_at"], self.created), e["to_value"]) for e in changes]
            if changes[0]["from_value"] is not None or changes[0]["changed_at"] > self.created:
                steps.insert(0, (self.created, changes[0]["from_value"]))
        elif self.row["status"] in SOLVED and self.row.get("solved_at"):
            steps = [(self.created, None), (self.row["solved_at"], self.row["status"])]
        else:
            steps = [(self.created, self.row["status"])]
        self.statuses = [(at, CATEGORY[s] if s else "open") for at, s in steps]
        self.intervals, self.solves, self.reopens = [], [], []
        before = "open"
        for place, (at, category) in enumerate(self.statuses):
            end = self.statuses[place + 1][0] if place + 1 < len(self.statuses) else None
            self.intervals.append((category, at, end))
            if category == "deleted":
                continue
            if category in SOLVED and before not in SOLVED:
                self.solves.append(at)
            if category not in SOLVED and before in SOLVED:
                self.reopens.append((at, self.solves[-1]))
            before = category
        self.is_solved = before in SOLVED
        self.solved_at = self.solves[-1] if self.is_solved else None

    def _replay_messages(self, listed: list[dict[str, Any]]) -> None:
        self.messages = []
        for place, m in enumerate(
            sorted(listed, key=lambda m: (m["sent_at"], m["sequence"], m["message_id"]))
        ):
            author = m["author_id"].removeprefix("login.")
            role = m["author_role"] or (
                "bot" if author == "bot9" else "agent" if author.startswith(("a",)) else "customer"
            )
            opening = place == 0 and m["sent_at"] <= self.created
            self.messages.append(
                {
                    **m,
                    "role": role,
                    "agent": author,
                    "opening": opening,
                    "reply": m["is_public"] and role == "agent" and not opening,
                }
            )
        self.replies = [m for m in self.messages if m["reply"]]
        self.first_reply = self.replies[0]["sent_at"] if self.replies else None
        human = [m["sent_at"] for m in self.replies if m["author_id"] not in BOTS]
        self.first_human_reply, self.replies_count = (human[0] if human else None), len(human)
        opening = [m for m in self.messages if m["opening"]]
        self.by_agent = opening[0]["role"] == "agent" if opening else False

    def _spans_of(self, name: str, otherwise: str | None) -> list[tuple[str, datetime]]:
        changes = [e for e in self.events if e["field"] == name]
        start = changes[0]["from_value"] if changes else otherwise
        spans = [(start, datetime.min.replace(tzinfo=UTC))] + [
            (e["to_value"], e["changed_at"]) for e in changes
        ]
        return [(s if s in SCHEDULES else "berlin", at) for s, at in spans]

    def _holders(self, kind: str) -> list[tuple[str, datetime, datetime | None]]:
        changes = [e for e in self.events if e["field"] == kind]
        present = self.row.get(f"{kind}_id")
        if not changes:
            return [(present, self.created, None)] if present else []
        steps = (
            [(changes[0]["from_value"], min(self.created, changes[0]["changed_at"]))]
            if changes[0]["from_value"]
            else []
        )
        steps += [(e["to_value"], e["changed_at"]) for e in changes]
        steps = [s for i, s in enumerate(steps) if i == 0 or steps[i - 1][0] != s[0]]
        ends = [at for _, at in steps[1:]] + [None]
        return [(who, at, end) for (who, at), end in zip(steps, ends, strict=True) if who]

    def holder(self, kind: str, at: datetime) -> str | None:
        collected = [
            who
            for who, low, high in self.holders[kind]
            if low <= at and (high is None or at < high)
        ]
        return collected[0] if collected else None

    def schedule_at(self, at: datetime) -> str:
        return [s for s, since in self.schedules if since <= at][-1]

    def business(self, start: datetime, end: datetime) -> int:
        """Every second judged by the schedule in force at that second."""
        total = 0
        for place, (schedule, since) in enumerate(self.schedules):
            until = (
                self.schedules[place + 1][1]
                if place + 1 < len(self.schedules)
                else datetime.max.replace(tzinfo=UTC)
            )
            total += open_seconds(schedule, max(start, since), min(end, until))
        return total

    def measures(self) -> dict[str, Any]:
        return self._first_times() | self._status_times() | self._waiting() | self._counts()

    def _first_times(self) -> dict[str, Any]:
        """Seconds from creation to each first event, recorded and as of now."""
        times: dict[str, Any] = {}
        for name, at in {
            "first_assignment": self.first_assigned,
            "first_reply": self.first_reply,
            "first_human_reply": self.first_human_reply,
            "first_resolution": self.solves[0] if self.solves else None,
            "full_resolution": self.solved_at,
        }.items():
            kinds = ("", "_business", "_business_at_event")
            recorded = self._lengths(self.created, at, at) if at else (None, None, None)
            times |= {
                f"{name}{kind}_seconds_recorded": length
                for kind, length in zip(kinds, recorded, strict=True)
            }
            has_time = at is not None or not self.is_solved  # an unsolved ticket's clock runs on
            end = at or AS_OF
            times[f"{name}_seconds_as_of"] = seconds(self.created, end) if has_time else None
            times[f"{name}_business_seconds_as_of"] = (
                self.business(self.created, end) if has_time else None
            )
        return times

    def _lengths(self, low: datetime, high: datetime, event: datetime) -> tuple[int, int, int]:
        """Calendar and business seconds, and those in the schedule at the event."""
        at_event = open_seconds(self.schedule_at(event), low, high)
        return seconds(low, high), self.business(low, high), at_event

    def _status_times(self) -> dict[str, Any]:
        """Seconds in each group of statuses, recorded and as of now."""
        times: dict[str, Any] = {}
        for name, categories in {
            "agent_work": {"new", "open", "other"},
            "agent_wait": {"pending"},
            "on_hold": {"hold"},
            "requester_wait": {"new", "open", "other", "hold"},
        }.items():
            spans = [(low, high) for c, low, high in self.intervals if c in categories]
            done = [self._lengths(low, high, high) for low, high in spans if high]
            for place, kind in enumerate(("", "_business", "_business_at_event")):
                times[f"{name}{kind}_seconds_recorded"] = sum(lengths[place] for lengths in done)
            so_far = [(low, high or AS_OF) for low, high in spans]
            times[f"{name}_seconds_as_of"] = sum(seconds(*span) for span in so_far)
            times[f"{name}_business_seconds_as_of"] = sum(self.business(*span) for span in so_far)
        return times

    def _waiting(self) -> dict[str, Any]:
        """Replies after the first one, and the seconds that customers waited for them."""
        waits = [(asked, ended) for asked, ended, _, kind in self.waits() if kind == "reply"]
        total = sum(seconds(*wait) for wait in waits)
        business = sum(self.business(*wait) for wait in waits)
        return {
            "next_replies_count": len(waits),
            "next_replies_seconds_recorded": total if waits else None,
            "next_replies_business_seconds_recorded": business if waits else None,
        }

    def _counts(self) -> dict[str, Any]:
        public = [m for m in self.messages if m["is_public"]]
        stations = {kind: len(holders) for kind, holders in self.holders.items()}
        by_customer = not self.by_agent
        return {
            "replies_count": self.replies_count,
            "public_messages_count": len(public),
            "private_messages_count": len(self.messages) - len(public),
            "customer_messages_count": sum(m["role"] == "customer" for m in public),
            "solves_count": len(self.solves),
            "reopens_count": len(self.reopens),
            "is_solved": self.is_solved,
            "assignee_stations_count": stations["assignee"],
            "team_stations_count": stations["team"],
            "reassignments_count": max(0, stations["assignee"] - 1),
            "transfers_count": max(0, stations["team"] - 1),
            "is_created_by_agent": self.by_agent,
            "is_excluded": self.excluded,
            "schedule_id": self.schedules[-1][0],
            "is_requester_agent": self.row["requester_id"].startswith("a"),
            "is_one_touch": self.is_solved and self.replies_count == 1 and by_customer,
            "is_zero_touch": self.is_solved and self.replies_count == 0 and by_customer,
        }

    def waits(self) -> list[tuple[datetime, datetime | None, str | None, str | None]]:
        """(asked, ended, agent, ended by) of each unanswered run after a first reply."""
        steps = [
            (m["sent_at"], 0, i, "reply" if m["role"] == "agent" else "ask", m["agent"])
            for i, m in enumerate(self.messages)
            if m["is_public"] and not m["opening"] and m["role"] in {"agent", "customer"}
        ]
        steps += [(at, 1, i, "solve", None) for i, at in enumerate(self.solves)]
        collected, asked, replied = [], None, False
        for at, _, _, kind, who in sorted(steps, key=lambda s: s[:3]):
            if kind == "ask":
                asked = asked or (at, replied)
                continue
            if asked and asked[1]:
                collected.append((asked[0], at, who if kind == "reply" else None, kind))
            asked, replied = None, replied or kind == "reply"
        if asked and asked[1]:
            collected.append((asked[0], None, None, None))
        return collected

    def escalations(self, raises: bool) -> list[datetime]:
        collected = [at for who, at, _ in self.holders["team"][1:] if who == ESCALATION_TEAM]
        before = None
        for e in (e for e in self.events if e["field"] == "priority"):
            after = PRIORITY.get(e["to_value"] or "")
            if raises and before and after and after > before:
                collected.append(e["changed_at"])
            before = after
        return collected

    @cache  # noqa: B019 - tickets live as long as the tests, and this takes most of the time
    def clocks(self) -> list[dict[str, Any]]:
        collected = []
        for metric in (
            "first_reply",
            "next_reply",
            "periodic_update",
            "pausable_update",
            "requester_wait",
            "agent_work",
            "resolution",
        ):
            targets = [t for t in self.targets if self._metric(t) == metric]
            if not targets:
                continue
            for instance, started, ended, spans in self._running(metric):
                collected.append(
                    {
                        "metric": metric,
                        "instance": str(instance),
                        "started_at": started,
                        "ended_at": ended,
                        **self._judged(targets, ended, started, spans),
                    }
                )
        return collected

    @staticmethod
    def _metric(target: dict[str, Any]) -> str:
        if target["metric"] == "reply_time":
            return "first_reply" if target["instance"] == "1" else "next_reply"
        return METRIC[target["metric"]]

    def _running(
        self, metric: str
    ) -> list[tuple[int, datetime, datetime | None, list[tuple[datetime, datetime]]]]:
        if metric == "first_reply":
            ends = [at for at in (self.first_reply, self.solves[0] if self.solves else None) if at]
            end = min(ends) if ends else None
            return [(1, self.created, end, [(self.created, end or AS_OF)])]
        if metric == "next_reply":
            return [(i, w[0], w[1], [(w[0], w[1] or AS_OF)]) for i, w in enumerate(self.waits(), 1)]
        if metric in {"periodic_update", "pausable_update"}:
            return [
                (i, low, high, self._within(metric, low, high or AS_OF))
                for i, (low, high) in enumerate(self._updates(), 1)
            ]
        return [
            (
                1,
                self.created,
                self.solved_at,
                [(low, high or AS_OF) for c, low, high in self.intervals if c in COUNTS_IN[metric]],
            )
        ]

    def _within(
        self, metric: str, low: datetime, high: datetime
    ) -> list[tuple[datetime, datetime]]:
        if metric == "periodic_update":
            return [(low, high)]
        cut = [
            (max(a, low), min(b or AS_OF, high))
            for c, a, b in self.intervals
            if c in COUNTS_IN[metric]
        ]
        return [(a, b) for a, b in cut if a < b]

    def _updates(self) -> list[tuple[datetime, datetime | None]]:
        """From one agent reply to the next one or to a solve.

        No clock starts on a solved ticket, and none ends at once by a solve.
        """
        steps = [(m["sent_at"], 0, i, "reply") for i, m in enumerate(self.replies)]
        turns = sorted(
            [(at, "solve") for at in self.solves] + [(at, "reopen") for at, _ in self.reopens],
            key=lambda t: t[0],
        )
        # a solve and the reopen after it can share a second: their own order is kept by replaying
        # statuses
        order, place = [], 0
        before = "open"
        for category, at, _ in self.intervals:
            if category == "deleted":
                continue
            if (category in SOLVED) != (before in SOLVED):
                order.append((at, 1, place, "solve" if category in SOLVED else "reopen"))
                place += 1
            before = category
        assert len(order) == len(turns)
        steps = sorted(steps + order, key=lambda s: s[:3])
        collected, solved = [], False
        for i, (at, _, _, kind) in enumerate(steps):
            if kind != "reply":
                solved = kind == "solve"
                continue
            following = steps[i + 1] if i + 1 < len(steps) else None
            if solved or (following and following[3] == "solve" and following[0] == at):
                continue
            collected.append((at, following[0] if following else None))
        return collected

    def _judged(
        self,
        targets: list[dict[str, Any]],
        ended: datetime | None,
        started: datetime,
        spans: list[tuple[datetime, datetime]],
    ) -> dict[str, Any]:
        end = ended or AS_OF
        before = [t for t in targets if t["happened_at"] <= end]
        key = lambda t: (t["happened_at"], len(t["event_id"]), t["event_id"])  # noqa: E731
        chosen = (
            max(before, key=key)
            if before
            else min(
                targets,
                key=lambda t: (t["happened_at"], -len(t["event_id"]), _reversed(t["event_id"])),
            )
        )
        target, is_business = int(chosen["target_minutes"] * 60), chosen["is_business"]
        elapsed, due = 0, None
        for low, high in spans:
            length = self.business(low, high) if is_business else seconds(low, high)
            if due is None and target > 0 and elapsed < target <= elapsed + length:
                due = self._reached(low, target - elapsed, is_business)
            elapsed += length
        breached = (due or started) if elapsed > target else None
        state = "breached" if breached else "achieved" if ended else "running"
        return {
            "target_seconds": target,
            "is_business": is_business,
            "elapsed_seconds_as_of": elapsed,
            "breached_at": breached,
            "state": state,
            "policy_id": chosen["policy_id"],
        }

    def _reached(self, start: datetime, rest: int, is_business: bool) -> datetime:
        """The instant `rest` counted seconds after `start`, by minutes, then seconds."""
        if not is_business:
            return start + timedelta(seconds=rest)
        at = start
        while True:
            minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
            counted = self.business(at, minute)
            if counted >= rest:
                while self.business(at, at + timedelta(seconds=1)) == 0 or rest > 1:
                    rest -= self.business(at, at + timedelta(seconds=1))
                    at += timedelta(seconds=1)
                return at + timedelta(seconds=1)
            rest, at = rest - counted, minute


def _reversed(text: str) -> tuple[int, ...]:
    return tuple(-ord(c) for c in text)


class Facts:
    """The log by ticket, tickets that are there, and figures over all of them."""

    def __init__(self, log: Log) -> None:
        self.events, self.messages, self.targets, self.published = (
            defaultdict(list),
            defaultdict(list),
            defaultdict(list),
            defaultdict(list),
        )
        for row in log.of("vendor_measure"):
            self.published[row["ticket_id"]].append(row)
        for row in log.of("ticket_event"):
            self.events[row["ticket_id"]].append(row)
        for row in log.of("message"):
            self.messages[row["ticket_id"]].append(row)
        for row in log.of("sla_event"):
            self.targets[row["ticket_id"]].append(row)
        self.responses = log.of("survey_response")
        self.worked = log.of("time_entry")
        self.log = log
        latest: dict[str, dict[str, Any]] = {}
        for row in log.of("ticket"):
            known = latest.get(row["ticket_id"])
            if known is None or known["version_at"] <= row["version_at"]:
                latest[row["ticket_id"]] = row
        deleted = {t["record_id"]: t["deleted_at"] for t in log.of("tombstone")}
        self.tickets = {
            key: Ticket(row, self)
            for key, row in latest.items()
            if not (key in deleted and deleted[key] >= row["version_at"])
        }
        self.by_requester = defaultdict(list)
        for t in self.tickets.values():
            if not t.excluded:
                self.by_requester[t.row["requester_id"]].append(t)

    def recontact(self, t: Ticket) -> datetime | None:
        if not t.solves:
            return None
        last = t.solves[-1]
        came = [
            o.created
            for o in self.by_requester[t.row["requester_id"]]
            if o is not t and 0 < seconds(last, o.created) <= RECONTACT_DAYS * 86_400
        ]
        return min(came) if came else None

    def csat(self, ticket: str) -> list[dict[str, Any]]:
        """Satisfaction ratings of a ticket, the last one last."""
        rated = (r for r in self.responses if r["metric"] == "csat" and r["ticket_id"] == ticket)
        return sorted(rated, key=lambda r: (r["responded_at"], r["response_id"]))

    def calls(self) -> Iterator[tuple[str | None, datetime, float]]:
        """(agent, end of the work, seconds of work) of each answered call."""
        for c in (c for c in self.log.of("call") if c["answered_at"]):
            handled = sum(c[name] or 0 for name in ("talk_seconds", "hold_seconds", "wrap_seconds"))
            yield c["agent_id"], c["answered_at"] + timedelta(seconds=handled), handled

    def measures(self, *, raises: bool) -> dict[str, dict[str, Any]]:
        by_ticket = {}
        for key, t in self.tickets.items():
            m, again, escalated = t.measures(), self.recontact(t), t.escalations(raises)
            t.rated = rated = self.csat(key)
            good = [(r["score"] - 1) / 4 >= 0.75 for r in rated]
            worked = [w["seconds"] for w in self.worked if w["ticket_id"] == key]
            m |= {
                "recontacted_at": again,
                "is_escalated": bool(escalated),
                "escalated_at": min(escalated, default=None),
                "escalations_count": len(escalated),
                "is_first_contact_resolution": (
                    m["is_one_touch"]
                    and not t.reopens
                    and m["team_stations_count"] <= 1
                    and again is None
                ),
                "csat_ratings_count": len(rated),
                "is_csat_satisfied": good[-1] if good else None,
                "is_bad_to_good": not good[0] and good[-1] if good else None,
                "is_good_to_bad": good[0] and not good[-1] if good else None,
                "handle_seconds": sum(worked) if worked else None,
            }
            by_ticket[key] = m
        return by_ticket


def values_of(log: Log, facts: Facts, name: str) -> dict[str, list[str]]:
    """The values of a chosen field by ticket, as the vendor names them; 'none' without any."""
    names = {("brand", o["value"]): o["label"] for o in log.of("field_option")}
    latest: dict[str, dict[str, Any]] = {}
    for row in (r for r in log.of("ticket_field") if r["field_id"] == name):
        known = latest.get(row["ticket_id"])
        if known is None or known["version_at"] <= row["version_at"]:
            latest[row["ticket_id"]] = row
    values = {}
    for key in facts.tickets:
        raw = latest[key]["value"] if key in latest else None
        listed = json.loads(raw) if raw and raw.startswith("[") else [raw] if raw else ["none"]
        values[key] = [names.get((name, one), one) for one in listed]
    return values


def local(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def midnight_after(day: date, zone: str) -> datetime:
    """The end of a local day, in UTC."""
    start = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    return start.astimezone(UTC)


Scope = tuple[str, str, str]
NOWHERE: Scope = ("none", "none", "none")  # of rows that belong to no ticket


def scope(t: Ticket) -> Scope:
    """Team, channel and priority."""
    return (t.row.get("team_id") or "none", t.row["channel"], t.row["priority"] or "none")


class Tally:
    """Numerators and denominators by (kpi, day, team, channel, priority), up to a last day."""

    def __init__(self, zone: str, last_day: date, by: Callable[[Ticket], Scope] | None) -> None:
        self.zone, self.last_day, self.by = zone, last_day, by
        self.cells: dict[tuple[Any, ...], list[float | None]] = defaultdict(lambda: [0.0, 0.0])

    def where(self, t: Ticket | None, otherwise: Scope = NOWHERE) -> Scope:
        """What a ticket counts under; `otherwise` is of what belongs to no ticket."""
        if t is None:
            return NOWHERE if self.by else otherwise
        return self.by(t) if self.by else scope(t)

    def add(
        self,
        kpi: str,
        day: date,
        where: Scope,
        numerator: float = 1,
        denominator: float | None = 1,
    ) -> None:
        if day <= self.last_day:
            cell = self.cells[kpi, day, *where]
            cell[0] = (cell[0] or 0) + numerator
            cell[1] = None if denominator is None else (cell[1] or 0) + denominator

    def count(
        self,
        kpi: str,
        at: datetime | None,
        t: Ticket,
        numerator: float = 1,
        denominator: float | None = 1,
    ) -> None:
        """Add a ticket's figure on the local day of an instant, if there is one."""
        if at is not None:
            self.add(kpi, local(at, self.zone), self.where(t), numerator, denominator)


def kpis(
    facts: Facts,
    measures: dict[str, dict[str, Any]],
    zone: str,
    last_day: date,
    by: Callable[[Ticket], Scope] | None = None,
) -> dict[tuple[Any, ...], list[float | None]]:
    """(kpi, day, team, channel, priority) to numerator and denominator; counts have no latter."""
    tally = Tally(zone, last_day, by)
    for key, t in facts.tickets.items():
        if t.excluded:
            continue
        m = measures[key]
        _flow(tally, t)
        _times(tally, t, m)
        _rates(tally, t, m)
        _clocks(tally, t)
        _satisfaction(tally, facts.csat(key), t, m)
        _effort_and_promoters(tally, facts, key, t)
        for kpi, counted in OWN.items():
            for at, numerator, denominator in counted(t, m):
                tally.count(kpi, at, t, numerator, denominator)
        _stock(tally, t)
    _invitations(tally, facts)
    _reviews(tally, facts)
    for _, handled_at, handled in facts.calls():
        where = tally.where(None, ("none", "phone", "none"))
        tally.add("handle_time", local(handled_at, zone), where, handled / 60)
    _shares_of_time(tally, facts)
    _self_service(tally, facts)
    return {
        key: [cell[0], None if key[0] in COUNTED else cell[1]] for key, cell in tally.cells.items()
    }


def is_near(found: Iterable[float | None], expected: Iterable[float | None]) -> bool:
    """Whether numerators and denominators are the same but for rounding."""
    return all(
        one == other if one is None or other is None else isclose(one, other, abs_tol=1e-9)
        for one, other in zip(found, expected, strict=True)
    )


def _flow(tally: Tally, t: Ticket) -> None:
    tally.count("tickets_created", t.created, t)
    tally.count("tickets_solved", t.solved_at, t)
    tally.count("net_flow", t.created, t)
    for at in t.solves:
        tally.count("solves", at, t)
        tally.count("net_flow", at, t, -1)
    for at, _ in t.reopens:
        tally.count("reopens", at, t)
        tally.count("net_flow", at, t)
    for kpi, kind in (("transfers", "team"), ("reassignments", "assignee")):
        for _, at, _ in t.holders[kind][1:]:
            tally.count(kpi, at, t)


def _times(tally: Tally, t: Ticket, m: dict[str, Any]) -> None:
    solved, first_solve = t.solved_at, t.solves[0] if t.solves else None
    replied_cohort = t.created if t.first_reply else None
    for kpi, at, measure in (
        ("first_reply_time", t.first_reply, "first_reply_business"),
        ("first_reply_time_calendar", t.first_reply, "first_reply"),
        ("first_reply_time_cohort", replied_cohort, "first_reply_business"),
        ("first_human_reply_time", t.first_human_reply, "first_human_reply_business"),
        ("first_assignment_time", t.first_assigned, "first_assignment_business"),
        ("first_resolution_time", first_solve, "first_resolution"),
        ("full_resolution_time", solved, "full_resolution"),
        ("full_resolution_time_business", solved, "full_resolution_business"),
        ("requester_wait_time", solved, "requester_wait"),
        ("agent_wait_time", solved, "agent_wait"),
        ("on_hold_time", solved, "on_hold"),
        ("agent_work_time", solved, "agent_work"),
        ("requester_wait_time_business", solved, "requester_wait_business"),
    ):
        tally.count(kpi, at, t, (m[f"{measure}_seconds_recorded"] or 0) / 60)
    for asked, ended, _, kind in t.waits():
        if kind == "reply":
            tally.count("next_reply_time_calendar", ended, t, seconds(asked, ended) / 60)
            tally.count("next_reply_time", ended, t, t.business(asked, ended) / 60)
    if m["handle_seconds"] is not None:
        tally.count("handle_time", solved, t, m["handle_seconds"] / 60)


def _rates(tally: Tally, t: Ticket, m: dict[str, Any]) -> None:
    by_customer = not t.by_agent
    first_solve = t.solves[0] if t.solves else None
    tally.count("unreplied_rate", t.created if by_customer else None, t, t.first_reply is None)
    tally.count("replies_per_ticket", t.solved_at, t, t.replies_count)
    tally.count("reopen_rate", first_solve, t, bool(t.reopens))
    for name in ("one_touch", "zero_touch", "first_contact_resolution"):
        tally.count(f"{name}_rate", t.solved_at if by_customer else None, t, m[f"is_{name}"])
    tally.count("escalation_rate", t.created, t, m["is_escalated"])
    tally.count("qa_coverage", t.solved_at, t, 0)


def _clocks(tally: Tally, t: Ticket) -> None:
    for clock in t.clocks():
        settled = clock["breached_at"] or clock["ended_at"]
        met = clock["state"] == "achieved"
        tally.count("sla_attainment", settled, t, met)
        if clock["metric"] in {"first_reply", "resolution"}:
            tally.count(f"sla_{clock['metric']}_attainment", settled, t, met)
        if met:
            continue
        tally.count("sla_breaches", settled, t)
        if clock["ended_at"]:
            late = clock["elapsed_seconds_as_of"] - clock["target_seconds"]
            tally.count("sla_breach_age", settled, t, late / 60)


def _satisfaction(tally: Tally, rated: list[dict[str, Any]], t: Ticket, m: dict[str, Any]) -> None:
    if not rated:
        return
    last = rated[-1]
    tally.count("csat", last["responded_at"], t, last["score"] >= 4)
    for name in ("bad_to_good", "good_to_bad"):
        if m[f"is_{name}"]:
            tally.count(name, last["responded_at"], t)


def _effort_and_promoters(tally: Tally, facts: Facts, key: str, t: Ticket) -> None:
    for r in (r for r in facts.responses if r["ticket_id"] == key and r["score"] is not None):
        at, score = r["responded_at"], r["score"]
        if r["metric"] == "ces":
            ease = (score - 1) / 6 if r["better"] == "higher" else (7 - score) / 6
            tally.count("ces", at, t, ease > 0.6)
            tally.count("ces_mean", at, t, int(ease * 1_000_000 + 0.5) / 1_000_000)
        elif r["metric"] == "nps":
            tally.count("nps", at, t, 100 if score >= 9 else -100 if score <= 6 else 0)


def _invitations(tally: Tally, facts: Facts) -> None:
    for invited in facts.log.of("survey_invitation"):
        t = facts.tickets.get(invited["ticket_id"])
        if invited["ticket_id"] and (t is None or t.excluded):
            continue
        answered = any(_answers(r, invited) for r in facts.responses)
        where = tally.where(t)
        tally.add("survey_response_rate", local(invited["sent_at"], tally.zone), where, answered)


def _answers(response: dict[str, Any], invited: dict[str, Any]) -> bool:
    """By the invitation's own id, or later in the same survey about the same ticket."""
    return response["response_id"] == invited["invitation_id"] or (
        invited["survey_id"] is not None
        and response.get("survey_id") == invited["survey_id"]
        and response["ticket_id"] == invited["ticket_id"]
        and response["responded_at"] >= invited["sent_at"]
    )


def _reviews(tally: Tally, facts: Facts) -> None:
    for q in facts.log.of("quality_review"):
        t = facts.tickets.get(q["ticket_id"])
        where, day = tally.where(t), local(q["reviewed_at"], tally.zone)
        if q["ticket_id"]:
            tally.add("qa_coverage", day, where, 1, 0)
        if q["possible_points"]:
            share = 0 if q["is_critical_fail"] else q["points"] / q["possible_points"]
            tally.add("qa_score", day, where, int(share * 1_000_000 + 0.5) / 1_000_000)


def _shares_of_time(tally: Tally, facts: Facts) -> None:
    for (day, _), spent in agent_time(facts, tally.zone, tally.last_day).items():
        busy = spent["ticket_handle_seconds"] + spent["call_handle_seconds"]
        waiting = spent["available_seconds"]
        if waiting:
            tally.add("occupancy", day, NOWHERE, busy, busy + waiting)
        if spent["paid_seconds"]:
            tally.add("utilisation", day, NOWHERE, busy + waiting, spent["paid_seconds"])


def _self_service(tally: Tally, facts: Facts) -> None:
    for w in facts.log.of("web_session"):
        visitors = w["sessions_count"] if w["users_count"] is None else w["users_count"]
        tally.add("self_service_ratio", w["visited_on"], NOWHERE, visitors, 0)
    askers = {
        (local(t.created, tally.zone), t.row["requester_id"])
        for t in facts.tickets.values()
        if not t.excluded
    }
    for day, _ in askers:
        tally.add("self_service_ratio", day, NOWHERE, 0, 1)


class AgentTally:
    """Whole figures by (day, agent), up to a last day."""

    def __init__(self, zone: str, last_day: date) -> None:
        self.zone, self.last_day = zone, last_day
        self.cells: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, name: str, at: datetime, who: str | None, amount: float = 1) -> None:
        if local(at, self.zone) <= self.last_day:
            self.cells[local(at, self.zone), who or "none"][name] += int(amount)

    def span(self, name: str, who: str | None, at: datetime, end: datetime) -> None:
        """Add the seconds of a span, cut at local midnights."""
        while at < end:
            midnight = midnight_after(local(at, self.zone), self.zone)
            self.add(name, at, who, seconds(at, min(end, midnight)))
            at = midnight


def agent_time(facts: Facts, zone: str, last_day: date) -> dict[tuple[date, str], dict[str, int]]:
    """Map (day, agent) to seconds and pieces of work; spans are cut at local midnights."""
    tally = AgentTally(zone, last_day)
    for w in facts.worked:
        tally.add("ticket_handle_seconds", w["entered_at"], w["agent_id"], w["seconds"])
    for q in facts.log.of("quality_review"):
        if q["possible_points"]:
            tally.add("reviews_count", q["reviewed_at"], q["agent_id"])
    for agent, handled_at, handled in facts.calls():
        tally.add("calls_count", handled_at, agent)
        tally.add("call_handle_seconds", handled_at, agent, handled)
    for p in facts.log.of("agent_presence"):
        if p["state"].lower() in {"available", "online"}:
            tally.span("available_seconds", p["agent_id"], p["starts_at"], p["ends_at"] or AS_OF)
    for s in (s for s in facts.log.of("shift") if s["agent_id"]):
        tally.span("paid_seconds", s["agent_id"], s["starts_at"], s["ends_at"])
    return tally.cells


def _stock(tally: Tally, t: Ticket) -> None:
    """Backlog: the status at every local midnight after the ticket's first day."""
    day = local(t.intervals[0][1], tally.zone)
    while day <= tally.last_day:
        midnight = midnight_after(day, tally.zone)
        category = [c for c, at, _ in t.intervals if at < midnight][-1]
        if category not in SOLVED | {"deleted"}:
            cell = tally.cells["backlog", day, *tally.where(t)]
            cell[0] = (cell[0] or 0) + 1
            tally.add("backlog_age", day, tally.where(t), seconds(t.created, midnight) / 86_400)
        day += timedelta(days=1)


def agent_days(facts: Facts, zone: str, last_day: date) -> dict[tuple[date, str], dict[str, int]]:
    """Map (day, agent) to counts."""
    tally = AgentTally(zone, last_day)
    for key, t in facts.tickets.items():
        if not t.excluded:
            _agents_work(tally, t)
            _agents_results(tally, t, facts.csat(key))
    return tally.cells


def _agents_work(tally: AgentTally, t: Ticket) -> None:
    for place, m in enumerate(t.replies):
        tally.add("replies_count", m["sent_at"], m["agent"])
        if place == 0:
            tally.add("first_replies_count", m["sent_at"], m["agent"])
    for at in t.solves:
        tally.add("solves_count", at, t.holder("assignee", at))
    if t.solved_at:
        tally.add("tickets_solved_count", t.solved_at, t.holder("assignee", t.solved_at))
    for at, solved in t.reopens:
        tally.add("reopens_count", at, t.holder("assignee", solved))


def _agents_results(tally: AgentTally, t: Ticket, rated: list[dict[str, Any]]) -> None:
    for clock in t.clocks():
        settled = clock["breached_at"] or clock["ended_at"]
        if settled:
            result = "achieved" if clock["state"] == "achieved" else "breached"
            tally.add(f"sla_{result}_count", settled, t.holder("assignee", settled))
    if rated:
        at, score = rated[-1]["responded_at"], rated[-1]["score"]
        who = rated[-1]["agent_id"] or t.holder("assignee", at)
        tally.add("csat_rated_count", at, who)
        if score >= 4:
            tally.add("csat_satisfied_count", at, who)
