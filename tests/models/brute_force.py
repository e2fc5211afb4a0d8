"""Every per-ticket measure, SLA clock and daily figure from the event log, in plain Python.

It shares nothing with the SQL or with the product's business time: it looks up open hours minute by
minute in the tz database, replays statuses one change after the other, and counts days one by one.
"""

import runpy
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
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
    tz, found = ZoneInfo(zone), np.zeros(MINUTES, dtype=np.int64)
    for minute in range(MINUTES):
        local = (ZERO + timedelta(minutes=minute)).astimezone(tz)
        if any(low <= local.date() <= high for low, high in closed):
            continue
        wall = (local.isoweekday() % 7) * 1440 + local.hour * 60 + local.minute
        found[minute] = any(
            low <= wall < high or low <= wall + 10_080 < high for low, high in intervals
        )
    return found


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
            if category in SOLVED and before not in SOLVED:
                self.solves.append(at)
            if category not in SOLVED and before in SOLVED:
                self.reopens.append((at, self.solves[-1]))
            before = category
        self.is_solved = self.statuses[-1][1] in SOLVED
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
        found = [
            who
            for who, low, high in self.holders[kind]
            if low <= at and (high is None or at < high)
        ]
        return found[0] if found else None

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
        found: dict[str, Any] = {}
        moments = {
            "first_assignment": self.first_assigned,
            "first_reply": self.first_reply,
            "first_human_reply": self.first_human_reply,
            "first_resolution": self.solves[0] if self.solves else None,
            "full_resolution": self.solved_at,
        }
        for name, at in moments.items():
            runs = at is None and not self.is_solved
            found[f"{name}_seconds_recorded"] = seconds(self.created, at) if at else None
            found[f"{name}_business_seconds_recorded"] = (
                self.business(self.created, at) if at else None
            )
            found[f"{name}_business_at_event_seconds_recorded"] = (
                open_seconds(self.schedule_at(at), self.created, at) if at else None
            )
            found[f"{name}_seconds_as_of"] = (
                seconds(self.created, at or AS_OF) if at or runs else None
            )
            found[f"{name}_business_seconds_as_of"] = (
                self.business(self.created, at or AS_OF) if at or runs else None
            )
        for name, categories in {
            "agent_work": {"new", "open", "other"},
            "agent_wait": {"pending"},
            "on_hold": {"hold"},
            "requester_wait": {"new", "open", "other", "hold"},
        }.items():
            spans = [(low, high) for c, low, high in self.intervals if c in categories]
            done = [(low, high) for low, high in spans if high]
            found[f"{name}_seconds_recorded"] = sum(seconds(low, high) for low, high in done)
            found[f"{name}_business_seconds_recorded"] = sum(
                self.business(low, high) for low, high in done
            )
            found[f"{name}_business_at_event_seconds_recorded"] = sum(
                open_seconds(self.schedule_at(high), low, high) for low, high in done
            )
            found[f"{name}_seconds_as_of"] = sum(seconds(low, high or AS_OF) for low, high in spans)
            found[f"{name}_business_seconds_as_of"] = sum(
                self.business(low, high or AS_OF) for low, high in spans
            )
        waits = [w for w in self.waits() if w[3] == "reply"]
        stations = {kind: len(self.holders[kind]) for kind in self.holders}
        found |= {
            "next_replies_count": len(waits),
            "next_replies_seconds_recorded": (
                sum(seconds(w[0], w[1]) for w in waits) if waits else None
            ),
            "next_replies_business_seconds_recorded": (
                sum(self.business(w[0], w[1]) for w in waits) if waits else None
            ),
            "replies_count": self.replies_count,
            "public_messages_count": sum(m["is_public"] for m in self.messages),
            "private_messages_count": sum(not m["is_public"] for m in self.messages),
            "customer_messages_count": sum(
                m["is_public"] and m["role"] == "customer" for m in self.messages
            ),
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
            "is_one_touch": self.is_solved and self.replies_count == 1 and not self.by_agent,
            "is_zero_touch": self.is_solved and self.replies_count == 0 and not self.by_agent,
        }
        return found

    def waits(self) -> list[tuple[datetime, datetime | None, str | None, str | None]]:
        """(asked, ended, agent, ended by) of each unanswered run after a first reply."""
        steps = [
            (m["sent_at"], 0, i, "reply" if m["role"] == "agent" else "ask", m["agent"])
            for i, m in enumerate(self.messages)
            if m["is_public"] and not m["opening"] and m["role"] in {"agent", "customer"}
        ]
        steps += [(at, 1, i, "solve", None) for i, at in enumerate(self.solves)]
        found, asked, replied = [], None, False
        for at, _, _, kind, who in sorted(steps, key=lambda s: s[:3]):
            if kind == "ask":
                asked = asked or (at, replied)
                continue
            if asked and asked[1]:
                found.append((asked[0], at, who if kind == "reply" else None, kind))
            asked, replied = None, replied or kind == "reply"
        if asked and asked[1]:
            found.append((asked[0], None, None, None))
        return found

    def escalations(self, raises: bool) -> list[datetime]:
        found = [at for who, at, _ in self.holders["team"][1:] if who == ESCALATION_TEAM]
        before = None
        for e in (e for e in self.events if e["field"] == "priority"):
            after = PRIORITY.get(e["to_value"] or "")
            if raises and before and after and after > before:
                found.append(e["changed_at"])
            before = after
        return found

    @cache  # noqa: B019 - tickets live as long as the tests, and this takes most of the time
    def clocks(self) -> list[dict[str, Any]]:
        found = []
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
                found.append(
                    {
                        "metric": metric,
                        "instance": str(instance),
                        "started_at": started,
                        "ended_at": ended,
                        **self._judged(targets, ended, started, spans),
                    }
                )
        return found

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
            if (category in SOLVED) != (before in SOLVED):
                order.append((at, 1, place, "solve" if category in SOLVED else "reopen"))
                place += 1
            before = category
        assert len(order) == len(turns)
        steps = sorted(steps + order, key=lambda s: s[:3])
        found, solved = [], False
        for i, (at, _, _, kind) in enumerate(steps):
            if kind != "reply":
                solved = kind == "solve"
                continue
            following = steps[i + 1] if i + 1 < len(steps) else None
            if solved or (following and following[3] == "solve" and following[0] == at):
                continue
            found.append((at, following[0] if following else None))
        return found

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
        self.events, self.messages, self.targets = (
            defaultdict(list),
            defaultdict(list),
            defaultdict(list),
        )
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
        gone = {t["record_id"]: t["deleted_at"] for t in log.of("tombstone")}
        self.tickets = {
            key: Ticket(row, self)
            for key, row in latest.items()
            if not (key in gone and gone[key] >= row["version_at"])
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

    def measures(self, *, raises: bool) -> dict[str, dict[str, Any]]:
        found = {}
        for key, t in self.tickets.items():
            m, again, escalated = t.measures(), self.recontact(t), t.escalations(raises)
            rated = sorted(
                (r for r in self.responses if r["metric"] == "csat" and r["ticket_id"] == key),
                key=lambda r: (r["responded_at"], r["response_id"]),
            )
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
            found[key] = m
        return found


def local(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def scope(t: Ticket) -> tuple[str, str, str]:
    return (t.row.get("team_id") or "none", t.row["channel"], t.row["priority"] or "none")


def kpis(
    facts: Facts, measures: dict[str, dict[str, Any]], zone: str, last_day: date
) -> dict[tuple[Any, ...], list[float]]:
    """(kpi, day, team, channel, priority) to numerator and denominator."""
    found: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])

    def count(
        kpi: str, at: datetime | None, t: Ticket, numerator: float = 1, denominator: float = 1
    ) -> None:
        if at is not None and local(at, zone) <= last_day:
            cell = found[kpi, local(at, zone), *scope(t)]
            cell[0] += numerator
            cell[1] += denominator

    for key, t in facts.tickets.items():
        if t.excluded:
            continue
        m, solved, by_customer = measures[key], t.solved_at, not t.by_agent
        count("tickets_created", t.created, t)
        count("tickets_solved", solved, t)
        count("net_flow", t.created, t)
        for at in t.solves:
            count("solves", at, t)
            count("net_flow", at, t, -1)
        for at, _ in t.reopens:
            count("reopens", at, t)
            count("net_flow", at, t)
        for kpi, at, column in (
            ("first_reply_time", t.first_reply, "first_reply_business_seconds_recorded"),
            ("first_reply_time_calendar", t.first_reply, "first_reply_seconds_recorded"),
            (
                "first_reply_time_cohort",
                t.created if t.first_reply else None,
                "first_reply_business_seconds_recorded",
            ),
            (
                "first_human_reply_time",
                t.first_human_reply,
                "first_human_reply_business_seconds_recorded",
            ),
            (
                "first_assignment_time",
                t.first_assigned,
                "first_assignment_business_seconds_recorded",
            ),
            (
                "first_resolution_time",
                t.solves[0] if t.solves else None,
                "first_resolution_seconds_recorded",
            ),
            ("full_resolution_time", solved, "full_resolution_seconds_recorded"),
            ("full_resolution_time_business", solved, "full_resolution_business_seconds_recorded"),
            ("requester_wait_time", solved, "requester_wait_seconds_recorded"),
            ("agent_wait_time", solved, "agent_wait_seconds_recorded"),
            ("on_hold_time", solved, "on_hold_seconds_recorded"),
            ("agent_work_time", solved, "agent_work_seconds_recorded"),
            ("requester_wait_time_business", solved, "requester_wait_business_seconds_recorded"),
        ):
            count(kpi, at, t, (m[column] or 0) / 60)
        for asked, ended, _, kind in t.waits():
            if kind == "reply":
                count("next_reply_time_calendar", ended, t, seconds(asked, ended) / 60)
                count("next_reply_time", ended, t, t.business(asked, ended) / 60)
        count("unreplied_rate", t.created if by_customer else None, t, t.first_reply is None)
        count("replies_per_ticket", solved, t, t.replies_count)
        count("reopen_rate", t.solves[0] if t.solves else None, t, bool(t.reopens))
        for kpi, column in (
            ("one_touch_rate", "is_one_touch"),
            ("zero_touch_rate", "is_zero_touch"),
            ("first_contact_resolution_rate", "is_first_contact_resolution"),
        ):
            count(kpi, solved if by_customer else None, t, m[column])
        count("escalation_rate", t.created, t, m["is_escalated"])
        for kpi, kind in (("transfers", "team"), ("reassignments", "assignee")):
            for _, at, _ in t.holders[kind][1:]:
                count(kpi, at, t)
        for clock in t.clocks():
            settled = clock["breached_at"] or clock["ended_at"]
            met = clock["state"] == "achieved"
            count("sla_attainment", settled, t, met)
            if clock["metric"] in {"first_reply", "resolution"}:
                count(f"sla_{clock['metric']}_attainment", settled, t, met)
            count("sla_breaches", settled if not met else None, t)
            if not met and clock["ended_at"]:
                count(
                    "sla_breach_age",
                    settled,
                    t,
                    (clock["elapsed_seconds_as_of"] - clock["target_seconds"]) / 60,
                )
        rated = sorted(
            (r for r in facts.responses if r["metric"] == "csat" and r["ticket_id"] == key),
            key=lambda r: (r["responded_at"], r["response_id"]),
        )
        if rated:
            count("csat", rated[-1]["responded_at"], t, rated[-1]["score"] >= 4)
            count(
                "bad_to_good" if m["is_bad_to_good"] else "good_to_bad",
                rated[-1]["responded_at"] if m["is_bad_to_good"] or m["is_good_to_bad"] else None,
                t,
            )
        for r in (
            r
            for r in facts.responses
            if r["metric"] == "ces" and r["ticket_id"] == key and r["score"] is not None
        ):
            ease = (r["score"] - 1) / 6 if r["better"] == "higher" else (7 - r["score"]) / 6
            count("ces", r["responded_at"], t, ease > 0.6)
            count("ces_mean", r["responded_at"], t, int(ease * 1_000_000 + 0.5) / 1_000_000)
        for r in (r for r in facts.responses if r["metric"] == "nps" and r["ticket_id"] == key):
            count(
                "nps",
                r["responded_at"],
                t,
                100 if r["score"] >= 9 else -100 if r["score"] <= 6 else 0,
            )
        if m["handle_seconds"] is not None:
            count("handle_time", solved, t, m["handle_seconds"] / 60)
        count("qa_coverage", solved, t, 0)
        for kpi, counted in OWN.items():
            for at, numerator, denominator in counted(t, m):
                count(kpi, at, t, numerator, denominator)
        _stock(found, t, zone, last_day)
    _beside(found, facts, zone, last_day)
    return found


def _beside(
    found: dict[tuple[Any, ...], list[float]], facts: Facts, zone: str, last_day: date
) -> None:
    """Figures of rows that need no ticket: invitations, reviews, agents' time, visits."""
    nowhere = ("none", "none", "none")

    def count(
        kpi: str, day: date, where: tuple[str, str, str], numerator: float, denominator: float
    ) -> None:
        if day <= last_day:
            cell = found[kpi, day, *where]
            cell[0] += numerator
            cell[1] += denominator

    for i in facts.log.of("survey_invitation"):
        t = facts.tickets.get(i["ticket_id"])
        if i["ticket_id"] and (t is None or t.excluded):
            continue
        answered = any(
            r["response_id"] == i["invitation_id"]
            or (
                i["survey_id"] is not None
                and r.get("survey_id") == i["survey_id"]
                and r["ticket_id"] == i["ticket_id"]
                and r["responded_at"] >= i["sent_at"]
            )
            for r in facts.responses
        )
        count(
            "survey_response_rate",
            local(i["sent_at"], zone),
            scope(t) if t else nowhere,
            answered,
            1,
        )
    for q in facts.log.of("quality_review"):
        t = facts.tickets.get(q["ticket_id"])
        where, day = scope(t) if t else nowhere, local(q["reviewed_at"], zone)
        if q["ticket_id"]:
            count("qa_coverage", day, where, 1, 0)
        if q["possible_points"]:
            share = 0 if q["is_critical_fail"] else q["points"] / q["possible_points"]
            count("qa_score", day, where, int(share * 1_000_000 + 0.5) / 1_000_000, 1)
    for c in (c for c in facts.log.of("call") if c["answered_at"]):
        handled = sum(c[name] or 0 for name in ("talk_seconds", "hold_seconds", "wrap_seconds"))
        count(
            "handle_time",
            local(c["answered_at"] + timedelta(seconds=handled), zone),
            ("none", "phone", "none"),
            handled / 60,
            1,
        )
    for (day, _), spent in agent_time(facts, zone, last_day).items():
        busy, waiting = (
            spent["ticket_handle_seconds"] + spent["call_handle_seconds"],
            spent["available_seconds"],
        )
        if waiting:
            count("occupancy", day, nowhere, busy, busy + waiting)
        if spent["paid_seconds"]:
            count("utilisation", day, nowhere, busy + waiting, spent["paid_seconds"])
    for w in facts.log.of("web_session"):
        count(
            "self_service_ratio",
            w["visited_on"],
            nowhere,
            w["users_count"] if w["users_count"] is not None else w["sessions_count"],
            0,
        )
    askers = {
        (local(t.created, zone), t.row["requester_id"])
        for t in facts.tickets.values()
        if not t.excluded
    }
    for day, _ in askers:
        count("self_service_ratio", day, nowhere, 0, 1)


def agent_time(facts: Facts, zone: str, last_day: date) -> dict[tuple[date, str], dict[str, int]]:
    """Map (day, agent) to seconds and pieces of work; spans are cut at local midnights."""
    found: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(name: str, at: datetime, who: str | None, amount: float = 1) -> None:
        if local(at, zone) <= last_day:
            found[local(at, zone), who or "none"][name] += int(amount)

    def span(name: str, who: str | None, at: datetime, end: datetime) -> None:
        while at < end:
            midnight = datetime.combine(
                local(at, zone) + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)
            ).astimezone(UTC)
            add(name, at, who, seconds(at, min(end, midnight)))
            at = midnight

    for w in facts.worked:
        add("ticket_handle_seconds", w["entered_at"], w["agent_id"], w["seconds"])
    for q in facts.log.of("quality_review"):
        if q["possible_points"]:
            add("reviews_count", q["reviewed_at"], q["agent_id"])
    for c in (c for c in facts.log.of("call") if c["answered_at"]):
        handled = sum(c[name] or 0 for name in ("talk_seconds", "hold_seconds", "wrap_seconds"))
        add("calls_count", c["answered_at"] + timedelta(seconds=handled), c["agent_id"])
        add(
            "call_handle_seconds",
            c["answered_at"] + timedelta(seconds=handled),
            c["agent_id"],
            handled,
        )
    for p in (
        p for p in facts.log.of("agent_presence") if p["state"].lower() in {"available", "online"}
    ):
        span("available_seconds", p["agent_id"], p["starts_at"], p["ends_at"] or AS_OF)
    for s in (s for s in facts.log.of("shift") if s["agent_id"]):
        span("paid_seconds", s["agent_id"], s["starts_at"], s["ends_at"])
    return found


def _stock(found: dict[tuple[Any, ...], list[float]], t: Ticket, zone: str, last_day: date) -> None:
    """Backlog: the status at every local midnight after the ticket's first day."""
    tz, day = ZoneInfo(zone), local(t.intervals[0][1], zone)
    while day <= last_day:
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tz).astimezone(
            UTC
        )
        category = [c for c, at, _ in t.intervals if at < midnight][-1]
        if category not in SOLVED:
            for kpi, numerator in (
                ("backlog", 1),
                ("backlog_age", seconds(t.created, midnight) / 86_400),
            ):
                cell = found[kpi, day, *scope(t)]
                cell[0] += numerator
                cell[1] = 1 if kpi == "backlog" else cell[1] + 1
        day += timedelta(days=1)


def agent_days(facts: Facts, zone: str, last_day: date) -> dict[tuple[date, str], dict[str, int]]:
    """(day, agent) to counts."""
    found: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def count(name: str, at: datetime, who: str | None) -> None:
        if local(at, zone) <= last_day:
            found[local(at, zone), who or "none"][name] += 1

    for key, t in facts.tickets.items():
        if t.excluded:
            continue
        for place, m in enumerate(t.replies):
            count("replies_count", m["sent_at"], m["agent"])
            if place == 0:
                count("first_replies_count", m["sent_at"], m["agent"])
        for at in t.solves:
            count("solves_count", at, t.holder("assignee", at))
        if t.solved_at:
            count("tickets_solved_count", t.solved_at, t.holder("assignee", t.solved_at))
        for at, solved in t.reopens:
            count("reopens_count", at, t.holder("assignee", solved))
        for clock in t.clocks():
            settled = clock["breached_at"] or clock["ended_at"]
            if settled:
                count(
                    "sla_achieved_count" if clock["state"] == "achieved" else "sla_breached_count",
                    settled,
                    t.holder("assignee", settled),
                )
        rated = sorted(
            (r for r in facts.responses if r["metric"] == "csat" and r["ticket_id"] == key),
            key=lambda r: (r["responded_at"], r["response_id"]),
        )
        if rated:
            who = rated[-1]["agent_id"] or t.holder("assignee", rated[-1]["responded_at"])
            count("csat_rated_count", rated[-1]["responded_at"], who)
            if rated[-1]["score"] >= 4:
                count("csat_satisfied_count", rated[-1]["responded_at"], who)
    return found
