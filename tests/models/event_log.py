"""A seeded made-up account with every edge case of the KPI definitions, as rows of `source`.

Zones with clock changes in both hemispheres (Berlin and New York in March, Auckland in April), one
at UTC+14 and one off by 45 minutes; schedules with a holiday of several days, a break at noon, one
across midnight and the end of the week and one that never closes; tickets whose schedule, priority
and team change, and tickets that are deleted, restored, merged, reopened, never touched, opened by
agents or answered by bots.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tasks.entities import ARROW, ENTITIES
from tasks.warehouse import runlog
from tasks.warehouse.engine import Warehouse
from tasks.warehouse.merge import Origin, create_stage, merge, stage

FIRST, AS_OF = datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 5, 9, 22, 30, tzinfo=UTC)
ACCOUNT = "acme"
DAY, WEEK = 1440, 7 * 1440
SCHEDULES: dict[str, tuple[str, list[tuple[int, int]], list[tuple[date, date]]]] = {
    "berlin": (
        "Europe/Berlin",
        [(d * DAY + 540, d * DAY + 1020) for d in range(1, 6)],
        [(date(2026, 4, 3), date(2026, 4, 6)), (date(2026, 5, 1), date(2026, 5, 1))],
    ),
    "newyork": (
        "America/New_York",
        [(d * DAY + 480, d * DAY + 1200) for d in range(1, 7)] + [(90, 240)],
        [],
    ),
    "auckland": (
        "Pacific/Auckland",
        [(d * DAY + 60, d * DAY + 1080) for d in range(7)],
        [(date(2026, 4, 25), date(2026, 4, 27))],
    ),
    "kiritimati": (
        "Pacific/Kiritimati",
        [(d * DAY + 1320, d * DAY + DAY + 360) for d in range(6)] + [(6 * DAY + 1320, WEEK + 360)],
        [],
    ),
    "kathmandu": (
        "Asia/Kathmandu",
        [
            (d * DAY + opens, d * DAY + closes)
            for d in range(1, 6)
            for opens, closes in ((540, 750), (795, 1080))
        ],
        [(date(2026, 3, 18), date(2026, 3, 18))],
    ),
    "always": ("America/Caracas", [(0, WEEK)], []),
}
TAGS = ["bug", "refund", "vip", "wrong, maybe"]
TEAMS, AGENTS, BOTS = ["t1", "t2", "tier2"], [f"a{n}" for n in range(1, 9)], ["api1"]
STATUSES = [
    "new",
    "open",
    "pending",
    "hold",
    "solved",
    "closed",
    "custom-wait",
    "parked",
    "deleted",
]
CATEGORY = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "hold",
    "solved": "solved",
    "closed": "closed",
    "custom-wait": "pending",
    "parked": "other",
    "deleted": "deleted",
}


STEPS = {
    "agent": 24,
    "note": 6,
    "customer": 18,
    "bot": 3,
    "api": 3,
    "status": 30,
    "assignee": 10,
    "team": 5,
    "priority": 4,
    "schedule": 2,
    "target": 2,
}


@dataclass(frozen=True)
class Vendor:
    """What a vendor's records can hold: statuses, how often each step is, and what is reported.

    `names_schedule`: the ticket itself names its schedule, not its history alone.
    `reports_roles`: messages have the author's role, and may name the author by login.
    `binary_ratings`: a rating is good or bad, and a later one replaces it.
    """

    statuses: Sequence[str] = tuple(STATUSES)
    steps: Mapping[str, int] = field(default_factory=lambda: STEPS)
    names_schedule: bool = True
    reports_roles: bool = True
    binary_ratings: bool = False


ANY = Vendor()


@dataclass
class Log:
    """Rows by entity, in the order of their creation."""

    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add(self, entity: str, /, **values: Any) -> None:
        self.rows.append((entity, values))

    def of(self, entity: str) -> list[dict[str, Any]]:
        return [row for name, row in self.rows if name == entity]


def make(
    seed: int,
    count: int,
    *,
    first: datetime = FIRST,
    until: datetime = AS_OF,
    vendor: Vendor = ANY,
) -> Log:
    pick, log = random.Random(seed), Log()
    _people(log)
    for number in range(1, count + 1):
        _Ticket(pick, log, str(number), first, until, vendor).live()
    _around(random.Random(seed + 1_000_000), log, count, first, until)
    _published(random.Random(seed + 2_000_000), log, count, until)
    _own_fields(random.Random(seed + 3_000_000), log, until)
    return log


def _people(log: Log) -> None:
    for team in TEAMS:
        log.add("team", team_id=team, name=f"Team {team}", is_active=True)
    for agent in [*AGENTS, *BOTS]:
        log.add(
            "agent",
            agent_id=agent,
            login=f"login.{agent}",
            name=agent,
            role="agent",
            is_active=True,
        )
    log.add("agent", agent_id="bot9", name="Helper", role="ai_bot", is_active=True)
    for name, (zone, intervals, closed) in SCHEDULES.items():
        for low, high in intervals:
            log.add(
                "business_schedule",
                schedule_id=name,
                name=name,
                time_zone=zone,
                starts_minute=low,
                ends_minute=high,
                is_default=name == "berlin",
            )
        for place, (start, end) in enumerate(closed):
            log.add(
                "holiday",
                schedule_id=name,
                holiday_id=str(place),
                name="Closed",
                first_on=start,
                last_on=end,
            )
    log.add("ticket_status", status_id="custom-wait", label="Waiting", category="pending")


def _around(pick: random.Random, log: Log, count: int, first: datetime, until: datetime) -> None:
    """Rows outside a ticket's life: surveys, reviews, calls, presence, shifts, help centre."""
    length = int((until - first).total_seconds()) - 1

    def moment() -> datetime:
        return first + timedelta(seconds=pick.randint(0, length))

    for number in range(1, count + 1):
        ticket, at = str(number), moment()
        _surveys(pick, log, ticket, at)
        _work(pick, log, ticket, at)
    for number in range((until - first).days):
        _visits(pick, log, (first + timedelta(days=number)).date())


def _published(pick: random.Random, log: Log, count: int, until: datetime) -> None:
    """What the vendor says of a ticket, by rules like ours, by others, and wrongly."""
    opened = {row["ticket_id"]: row["created_at"] for row in log.of("ticket")}
    said: dict[str, list[datetime]] = {key: [] for key in opened}
    for row in log.of("message"):
        if row["is_public"] and row["author_id"].removeprefix("login.")[0] in "ab":
            said[row["ticket_id"]].append(row["sent_at"])
    for key in map(str, range(1, count + 1)):
        first = min(said[key], default=None)
        took = (first - opened[key]).total_seconds() if first else None
        drawn: list[tuple[str, str, str, float | None]] = [
            ("first_reply", "calendar", "minutes", None if took is None else took // 60),
            ("first_reply", "business", "seconds", pick.choice((None, 0.0, took))),
            ("requester_wait", "calendar", "milliseconds", pick.choice((None, 0.0, 6e7))),
            ("reopens", "none", "count", pick.choice((0.0, 0.0, 1.0))),
            ("replies", "none", "count", pick.choice((0.0, 1.0, 2.0, float(len(said[key]))))),
            ("survey_score", "none", "share", pick.choice((None, 0.0, 0.25, 0.75, 1.0))),
        ]
        for measure, calendar, unit, value in drawn:
            if pick.random() < 0.4:
                log.add(
                    "vendor_measure",
                    ticket_id=key,
                    measure=measure,
                    calendar=calendar,
                    unit=unit,
                    value=value,
                    version_at=pick.choice((None, until, opened[key])),
                )


def _own_fields(pick: random.Random, log: Log, until: datetime) -> None:
    """Brand, area and tags of most tickets; some change later, or go."""
    log.add("field", record_type="ticket", field_id="77", label="Area", kind="one", is_active=True)
    for value, label in (("1", "Red"), ("2", "Blue")):
        log.add("field_option", record_type="ticket", field_id="brand", value=value, label=label)
    opened = {row["ticket_id"]: row["created_at"] for row in log.of("ticket")}
    for key, created in opened.items():
        times = [created]
        if pick.random() < 0.3:
            times.append(min(created + timedelta(seconds=pick.randint(0, 1_728_000)), until))
        if pick.random() < 0.1:  # read before the fields were chosen
            continue
        for at in times:
            tags = sorted(pick.sample(TAGS, pick.choice((0, 1, 1, 2, 3))))
            for name, value in (
                ("brand", pick.choice((None, "1", "2", "3"))),
                ("77", pick.choice((None, "north", "south"))),
                ("tags", json.dumps(tags) if tags else None),
            ):
                log.add("ticket_field", ticket_id=key, field_id=name, value=value, version_at=at)


def _surveys(pick: random.Random, log: Log, ticket: str, at: datetime) -> None:
    """Effort scores and invitations."""
    for place in range(pick.choice([0, 0, 0, 0, 1, 2])):
        log.add(
            "survey_response",
            response_id=f"{ticket}-ces{place}",
            survey_id="effort",
            metric="ces",
            ticket_id=ticket,
            responded_at=at + timedelta(seconds=place),
            score=pick.choice([None, *map(float, range(1, 8))]),
            scale_min=1.0,
            scale_max=7.0,
            better=pick.choice(("higher", "lower")),
        )
    if pick.random() < 0.4:
        # answered under its own id, or later by a response to the same survey
        named = pick.choice((f"{ticket}-ces0", f"{ticket}-i"))
        log.add(
            "survey_invitation",
            invitation_id=named,
            survey_id=pick.choice(("effort", "other", None)),
            ticket_id=pick.choice((ticket, ticket, ticket, None)),
            sent_at=at + timedelta(seconds=pick.choice((-86_400, -1, 0, 1))),
        )


def _work(pick: random.Random, log: Log, ticket: str, at: datetime) -> None:
    """A quality review, a call, presence and a shift."""
    if pick.random() < 0.2:
        log.add(
            "quality_review",
            review_id=ticket,
            ticket_id=pick.choice((ticket, ticket, None)),
            agent_id=pick.choice([*AGENTS, None]),
            reviewed_at=at,
            points=float(pick.randint(0, 30)),
            possible_points=pick.choice((30.0, 31.0, 0.0, None)),
            is_critical_fail=pick.choice((True, False, False, None)),
        )
    if pick.random() < 0.15:
        _call(pick, log, ticket, at)
    if pick.random() < 0.3:
        ends = at + timedelta(seconds=pick.choice((60, 20_000, 200_000)))
        log.add(
            "agent_presence",
            presence_id=ticket,
            agent_id=pick.choice(AGENTS),
            state=pick.choice(("Available", "online", "away")),
            starts_at=at,
            ends_at=None if pick.random() < 0.02 else ends,
        )
    if pick.random() < 0.3:
        log.add(
            "shift",
            shift_id=ticket,
            agent_id=pick.choice([*AGENTS, None]),
            starts_at=at,
            ends_at=at + timedelta(seconds=pick.choice((0, 28_800, 100_000))),
        )


def _visits(pick: random.Random, log: Log, day: date) -> None:
    """A day of the help centre and the forum."""
    if pick.random() < 0.9:
        log.add(
            "web_session",
            source="help",
            visited_on=day,
            sessions_count=pick.randint(0, 90),
            users_count=pick.choice((None, pick.randint(0, 60))),
        )
    if pick.random() < 0.3:
        log.add(
            "web_session",
            source="forum",
            visited_on=day,
            sessions_count=pick.randint(0, 9),
            users_count=None,
        )
    log.add(
        "article_view",
        article_id="k1",
        viewed_on=day,
        views_count=pick.randint(0, 50),
        helpful_count=1,
        unhelpful_count=0,
    )


def _call(pick: random.Random, log: Log, key: str, at: datetime) -> None:
    waited, answered = timedelta(seconds=pick.randint(0, 900)), pick.random() < 0.8
    spoken = {
        name: pick.choice((None, float(pick.randint(0, 900))))
        for name in ("talk_seconds", "hold_seconds", "wrap_seconds")
    }
    log.add(
        "call",
        call_id=key,
        agent_id=pick.choice([*AGENTS, None]),
        offered_at=at,
        answered_at=at + waited if answered else None,
        abandoned_at=None if answered else at + waited,
        **(spoken if answered else {}),
    )


class _Ticket:
    """One life. Steps are drawn with ties in time, so that order within a second matters."""

    def __init__(
        self,
        pick: random.Random,
        log: Log,
        key: str,
        first: datetime,
        until: datetime,
        vendor: Vendor,
    ) -> None:
        self.pick, self.log, self.key, self.until = pick, log, key, until
        self.vendor = vendor
        self.at = first + timedelta(
            seconds=pick.randint(0, int((until - first).total_seconds()) - 1)
        )
        self.created = self.at
        self.sequence = 0
        self.values: dict[str, str | None] = {
            "status": None,
            "assignee": None,
            "team": None,
            "priority": None,
            "schedule": None,
        }
        self.requester = f"c{pick.randint(1, 400)}" if pick.random() < 0.97 else "a3"

    def live(self) -> None:
        pick = self.pick
        with_history = pick.random() < 0.93
        if not with_history:
            self._bare()
            return
        schedule = pick.choice([None, *SCHEDULES, "unknown"])
        if pick.random() < 0.15 or not self.vendor.names_schedule:
            self._change("schedule", schedule)
        else:
            self.values["schedule"] = schedule
        if pick.random() < 0.02:
            # real logs have a few changes before the opening
            self.at -= timedelta(seconds=pick.randint(1, 5_000))
            self._change("status", pick.choice(("open", "solved")))
            self.at = self.created
        if pick.random() < 0.02:
            # or start only later
            self.at = min(self.at + timedelta(seconds=pick.randint(1, 90_000)), self.until)
        self._change("status", "new" if pick.random() < 0.8 else "open")
        self._change("team", pick.choice([*TEAMS, None]))
        self._change("priority", pick.choice(["low", "normal", "high", "urgent", None]))
        self._opening()
        self._promise()
        for _ in range(pick.choice([0, 1, 2, 4, 6, 9, 14])):
            step = pick.choice(
                (0, 0, pick.randint(1, 90), pick.randint(60, 40_000), pick.randint(3_600, 500_000))
            )
            if self.at + timedelta(seconds=step) > self.until:
                break
            self.at += timedelta(seconds=step)
            self._step()
        self._end()

    def _bare(self) -> None:
        """No history at all: only the ticket's own state."""
        status = self.pick.choice(["open", "solved", "closed", "hold"])
        later = min(self.created + timedelta(seconds=self.pick.randint(0, 300_000)), self.until)
        solved = later if status in {"solved", "closed"} and self.pick.random() < 0.8 else None
        self.values |= {"status": status, "team": "t1"}
        self._write(version=later, solved_at=solved)

    def _opening(self) -> None:
        kind = self.pick.random()
        if kind < 0.72:
            self._say("customer", self.requester, True)
        elif kind < 0.82:
            self._say("agent", self.pick.choice(AGENTS), True)  # outbound
        elif kind < 0.90:
            self._say("agent", self.pick.choice(AGENTS), False)  # a call that was logged
        # else no opening message: the first one follows later

    def _promise(self) -> None:
        for metric, instance in (
            ("reply_time", "1"),
            ("reply_time", "2"),
            ("requester_wait_time", "1"),
            ("agent_work_time", "1"),
            ("resolution_time", "1"),
            ("periodic_update_time", "1"),
            ("pausable_update_time", "1"),
        ):
            if self.pick.random() < 0.35:
                self._target(metric, instance)

    def _target(self, metric: str, instance: str) -> None:
        self.log.add(
            "sla_event",
            event_id=f"{self.key}-{len(self.log.rows)}",
            ticket_id=self.key,
            policy_id=f"p{self.pick.randint(1, 2)}",
            metric=metric,
            instance=instance,
            kind="apply",
            happened_at=self.at,
            target_minutes=float(self.pick.choice([0, 1, 30, 240, 1440])),
            is_business=self.pick.random() < 0.6,
        )

    def _step(self) -> None:
        steps = self.vendor.steps
        what = self.pick.choices(tuple(steps), tuple(steps.values()))[0]
        agent = self.pick.choice(AGENTS)
        if what == "agent":
            self._say("agent", agent, True)
            if self.pick.random() < 0.3:
                self._change("status", self.pick.choice(("solved", "pending")))
        elif what == "note":
            self._say("agent", agent, False)
        elif what == "customer":
            self._say("customer", self.pick.choice((self.requester, "c999")), True)
        elif what == "bot":
            self._say("bot", "bot9", True)
        elif what == "api":
            self._say("agent", "api1", True)
        elif what == "target":
            self._target(
                self.pick.choice(("reply_time", "agent_work_time", "resolution_time")), "1"
            )
        else:
            options = {
                "status": self.vendor.statuses,
                "assignee": [*AGENTS, None],
                "team": [*TEAMS, None],
                "priority": ["low", "normal", "high", "urgent", None],
                "schedule": [*SCHEDULES],
            }[what]
            self._change(what, self.pick.choice(options))

    def _say(self, role: str, author: str, is_public: bool) -> None:
        roles = self.vendor.reports_roles
        reported = role if roles and self.pick.random() < 0.5 else None  # else by the agent list
        named = (
            f"login.{author}"
            if roles and reported is None and author in AGENTS and self.pick.random() < 0.2
            else author
        )
        self.sequence += 1
        self.log.add(
            "message",
            message_id=f"{self.key}-{self.sequence}",
            ticket_id=self.key,
            sent_at=self.at,
            author_id=named,
            author_role=reported,
            is_public=is_public,
            sequence=self.sequence,
        )

    def _change(self, field_name: str, after: str | None) -> None:
        before = self.values[field_name]
        if before == after or (field_name == "status" and after is None):
            return
        self.sequence += 1
        self.values[field_name] = after
        self.log.add(
            "ticket_event",
            event_id=f"{self.key}-e{self.sequence:04d}",
            ticket_id=self.key,
            field=field_name,
            from_value=before,
            to_value=after,
            changed_at=self.at,
            sequence=self.sequence,
        )

    def _end(self) -> None:
        self._last_state(self.pick.random())
        self._after(self.pick)

    def _last_state(self, fate: float) -> None:
        """Merged, deleted, deleted and restored, or simply there."""
        if fate < 0.03:
            self._write(version=self.at, merged_into_id="1")
        elif fate < 0.05:
            self._write(version=self.at)
            self.log.add(
                "tombstone",
                entity="ticket",
                record_id=self.key,
                deleted_at=self.at,
                version_at=self.at,
            )
        elif fate < 0.07:  # deleted, then restored: the later state counts
            self.log.add(
                "tombstone",
                entity="ticket",
                record_id=self.key,
                deleted_at=self.at - timedelta(seconds=5),
                version_at=self.at - timedelta(seconds=5),
            )
            self._write(version=self.at)
        else:
            self._write(version=self.at)

    def _after(self, pick: random.Random) -> None:
        """Ratings, a recommendation and time entries."""
        if self.vendor.binary_ratings:
            self._rate_by_turns(pick.choice([0, 0, 0, 1, 2, 3]))
            return
        for place in range(pick.choice([0, 0, 0, 1, 2])):
            at = self.at + timedelta(seconds=pick.choice((0, 3_000, 400_000)))
            if at <= self.until:
                self.log.add(
                    "survey_response",
                    response_id=f"{self.key}-{place}",
                    metric="csat",
                    score=float(pick.choice([1, 2, 3, 4, 5])),
                    scale_min=1.0,
                    scale_max=5.0,
                    better="higher",
                    ticket_id=self.key,
                    responded_at=at,
                    agent_id=pick.choice([None, "a2"]),
                )
        if pick.random() < 0.1:
            self.log.add(
                "survey_response",
                response_id=f"{self.key}-n",
                metric="nps",
                score=float(pick.randint(0, 10)),
                scale_min=0.0,
                scale_max=10.0,
                better="higher",
                ticket_id=self.key,
                responded_at=self.at,
            )
        if pick.random() < 0.2:
            self.log.add(
                "time_entry",
                entry_id=self.key,
                ticket_id=self.key,
                agent_id="a1",
                entered_at=self.at,
                seconds=float(pick.randint(1, 5_000)),
            )

    def _rate_by_turns(self, times: int) -> None:
        """Good and bad in turn, at least a second after the former rating."""
        at, score = self.at, self.pick.choice((1.0, 5.0))
        for place in range(times):
            at += timedelta(seconds=self.pick.choice((1, 3_000, 400_000)))
            if at <= self.until:
                self.log.add(
                    "survey_response",
                    response_id=f"{self.key}-{place}",
                    metric="csat",
                    score=score,
                    scale_min=1.0,
                    scale_max=5.0,
                    better="higher",
                    ticket_id=self.key,
                    responded_at=at,
                    agent_id=None,
                )
            score = 6.0 - score

    def _write(self, *, version: datetime, **more: Any) -> None:
        """The ticket in its last state, and for some an older state that must not win."""
        now = {
            "ticket_id": self.key,
            "status": self.values["status"],
            "priority": self.values["priority"],
            "channel": self.pick.choice(("email", "web", "chat")),
            "requester_id": self.requester,
            "assignee_id": self.values["assignee"],
            "team_id": self.values["team"],
            "schedule_id": self.values["schedule"],
            "created_at": self.created,
            "version_at": version,
            **more,
        }
        if self.pick.random() < 0.3:
            self.log.add(
                "ticket",
                **{
                    **now,
                    "status": "open",
                    "priority": "low",
                    "team_id": "t2",
                    "solved_at": None,
                    "merged_into_id": None,
                    "version_at": version - timedelta(seconds=60),
                },
            )
        self.log.add("ticket", **now)


def load(warehouse: Warehouse, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Merge rows as the load step does, one transaction."""
    by_entity: dict[str, list[dict[str, Any]]] = {}
    for entity, row in rows:
        by_entity.setdefault(entity, []).append(row)
    with warehouse.transaction() as session:
        for entity, listed in sorted(by_entity.items()):
            create_stage(session, ENTITIES[entity])
            stage(
                session,
                ENTITIES[entity],
                _arrow(entity, listed),
                Origin("zendesk", ACCOUNT, "s", "b"),
                start=0,
            )
            if merge(
                session, ENTITIES[entity], Origin("zendesk", ACCOUNT, "s", "b"), replaces=False
            ):
                runlog.mark_changed(session, f"source.{entity}")


def _arrow(entity: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    made = {
        c.name: pa.array([row.get(c.name) for row in rows], ARROW[c.kind])
        for c in ENTITIES[entity].columns
    }
    made |= {
        "page_number": pa.array([1] * len(rows), pa.int64()),
        "record_number": pa.array(range(len(rows)), pa.int64()),
        "received_at": pa.array([AS_OF] * len(rows), ARROW["instant"]),
    }
    return pa.table(made)
