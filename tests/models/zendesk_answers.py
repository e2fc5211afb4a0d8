"""The made-up account of `event_log` as Zendesk reports it: the sandbox's fake with other records.

Ids are numbers, zones have the names of Ruby on Rails, an overnight interval is two, and a ticket
names no schedule: its history does. Some people were agents and are no longer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from event_log import AGENTS, AS_OF, BOTS, DAY, SCHEDULES, STEPS, TEAMS, WEEK, Log, Vendor, make

from tasks.sandbox.fake import Request, Response, iso
from tasks.sandbox.vendors.zendesk import Zendesk
from tasks.sandbox.world import World

Row = dict[str, Any]
CUSTOMERS = [*(f"c{n}" for n in range(1, 401)), "c999"]
NAMES = [*AGENTS, *BOTS, *TEAMS, *SCHEDULES, "unknown", *CUSTOMERS, "p1", "p2"]
NUMBER = {name: 700_000 + place for place, name in enumerate(NAMES)}
NAME = {str(number): name for name, number in NUMBER.items()}
DEMOTED, LEFT, SPAMMER = "a7", "a8", "c400"
RAILS = {
    "berlin": "Berlin",
    "newyork": "Eastern Time (US & Canada)",
    "auckland": "Auckland",
    "kiritimati": "Pacific/Kiritimati",
    "kathmandu": "Kathmandu",
    "always": "Caracas",
}
KEY = {"assignee": "assignee_id", "team": "group_id"}
SCORE = {1.0: "bad", 5.0: "good"}
ZENDESK = Vendor(
    statuses=("new", "open", "pending", "hold", "solved", "closed", "deleted"),
    steps={**STEPS, "bot": 0, "schedule": 8},
    names_schedule=False,
    reports_roles=False,
    binary_ratings=True,
)
READ = {"ticket", "ticket_event", "message", "sla_event", "survey_response", "tombstone"}


def account(seed: int, count: int) -> Log:
    """The records of the account that Zendesk can hold, for the brute force and for the fake."""
    whole, log = make(seed, count, vendor=ZENDESK), Log()
    for entity, row in whole.rows:
        if entity in READ and row.get("metric") not in {"ces", "nps"}:
            log.add(entity, **row)
    latest = {row["ticket_id"]: row for row in log.of("ticket")}
    for key, row in latest.items():
        if row["status"] == "deleted":  # in the bin now: the export says so
            at = row["version_at"]
            log.add("tombstone", entity="ticket", record_id=key, deleted_at=at, version_at=at)
    return log


def number_of(name: str | None) -> int | None:
    """A vendor's id; None for nobody."""
    return NUMBER[name] if name else None


class Answers(Zendesk):
    """The fake with the account's records up to its clock."""

    def __init__(self, log: Log) -> None:
        day = AS_OF.date()
        super().__init__(World(first=day, last=day, daily=0.0), clock=AS_OF)
        self.log = log
        self._at_work: dict[str, list[Row]] = defaultdict(list)
        for row in log.of("ticket_event"):
            self._at_work[row["ticket_id"]].append(row)

    def answer(self, asked: Request) -> Response:
        """Pages are small, so that there are several."""
        if "per_page" in asked.query:
            asked = Request(
                asked.method,
                asked.path,
                {**asked.query, "per_page": "150"},
                asked.headers,
                asked.body,
                asked.host,
            )
        return super().answer(asked)

    def _keep(self, name: str, make_rows: Callable[[], Any]) -> Any:
        own: dict[str, Callable[[], Iterator[Row]]] = {
            "tickets": self._rows_of_tickets,
            "users": self._rows_of_users,
            "events": self._rows_of_events,
            "metric_events": self._rows_of_clocks,
            "ratings": self._rows_of_ratings,
        }
        if name not in own:
            return super()._keep(name, make_rows)
        return super()._keep(name, lambda: self._in_order(own[name]()))

    def _in_order(self, rows: Iterable[Row]) -> list[Row]:
        present = (row for row in rows if row["_at"] <= self.clock)
        return sorted(present, key=lambda row: (row["_at"], row["id"]))

    # rows

    def _rows_of_tickets(self) -> Iterator[Row]:
        for row in self.log.of("ticket"):
            if row["version_at"] <= self.clock:
                yield self._told(row, row["version_at"])
            elif row["created_at"] <= self.clock:
                yield self._told_so_far(row)
        for mark in self.log.of("tombstone"):
            yield self._told(self._latest[mark["record_id"]], mark["deleted_at"], status="deleted")

    @property
    def _latest(self) -> dict[str, Row]:
        return {row["ticket_id"]: row for row in self.log.of("ticket")}

    def _told_so_far(self, row: Row) -> Row:
        """The ticket as it was at the clock: its last changes until then."""
        now = {**row, "solved_at": None, "status": "open", "merged_into_id": None}
        at = row["created_at"]
        for change in self._at_work[row["ticket_id"]]:
            if change["changed_at"] <= self.clock:
                column = {"assignee": "assignee_id", "team": "team_id"}.get(change["field"])
                now[column or change["field"]] = change["to_value"]
                at = max(at, change["changed_at"])
        return self._told(now, at)

    def _told(self, row: Row, at: datetime, status: str = "") -> Row:
        solved = row.get("solved_at")
        merged = row.get("merged_into_id") is not None
        return {
            "_at": at,
            "id": int(row["ticket_id"]),
            "created_at": iso(row["created_at"]),
            "updated_at": iso(at),
            "generated_timestamp": int(at.timestamp()),
            "subject": "x",
            "status": status or row["status"],
            "custom_status_id": 5161,
            "priority": row["priority"],
            "type": None,
            "via": {"channel": row["channel"], "source": {"from": {}, "to": {}, "rel": None}},
            "requester_id": NUMBER[row["requester_id"]],
            "submitter_id": NUMBER[row["requester_id"]],
            "assignee_id": number_of(row["assignee_id"]),
            "group_id": number_of(row["team_id"]),
            "organization_id": None,
            "tags": ["closed_by_merge"] if merged else [],
            "satisfaction_rating": {"score": "unoffered"},
            "metric_set": {"solved_at": iso(solved) if solved else None},
        }

    def _rows_of_users(self) -> Iterator[Row]:
        start, changed = AS_OF - timedelta(days=200), AS_OF - timedelta(days=1)
        for name in [*AGENTS, *BOTS, *CUSTOMERS]:
            is_agent, was_agent = name[0] == "a", name in {DEMOTED, LEFT}
            yield self._user(name, "agent" if is_agent else "end-user", start, active=True)
            if was_agent or name == SPAMMER:
                yield self._user(name, "end-user", changed, active=name != LEFT)

    def _user(self, name: str, role: str, at: datetime, *, active: bool) -> Row:
        return {
            "_at": at,
            "id": NUMBER[name],
            "name": name,
            "email": f"{name}@mail.example",
            "created_at": iso(AS_OF - timedelta(days=300)),
            "updated_at": iso(at),
            "time_zone": "New Caledonia",
            "iana_time_zone": "Pacific/Noumea",
            "role": role,
            "active": active,
            "suspended": name == SPAMMER,
            "organization_id": None,
            "default_group_id": None,
        }

    def _rows_of_events(self) -> Iterator[Row]:
        """Changes, comments and ratings of one instant are one event with children."""
        instants: dict[tuple[str, datetime], list[Row]] = defaultdict(list)
        for change in self.log.of("ticket_event"):
            instants[change["ticket_id"], change["changed_at"]].append(self._change(change))
        for message in self.log.of("message"):
            instants[message["ticket_id"], message["sent_at"]].append(self._comment(message))
        before: dict[str, str] = {}
        for place, rated in enumerate(self.log.of("survey_response")):
            key, score = rated["ticket_id"], SCORE[rated["score"]]
            instants[key, rated["responded_at"]].append(
                {
                    "id": int(key) * 100_000 + 50_000 + place,
                    "event_type": "Change",
                    "satisfaction_score": score,
                    "previous_value": before.get(key, "offered"),
                }
            )
            before[key] = score
        for (key, at), children in instants.items():
            yield {
                "_at": at,
                "id": min(child["id"] for child in children) + 10_000_000_000,
                "ticket_id": int(key),
                "timestamp": int(at.timestamp()),
                "created_at": iso(at),
                "updater_id": NUMBER["a1"],
                "via": "Web form",
                "event_type": "Audit",
                "child_events": children,
            }

    def _change(self, change: Row) -> Row:
        child = {"id": int(change["ticket_id"]) * 100_000 + change["sequence"]}
        name, before, after = change["field"], change["from_value"], change["to_value"]
        if name == "schedule":
            kind = {"event_type": "ScheduleAssignment"}
            moved = {"previous_schedule_id": number_of(before), "new_schedule_id": number_of(after)}
            return {**child, **kind, **moved}
        if name in KEY:
            before, after = number_of(before), number_of(after)
        if before is None and name == "status":
            return {**child, "event_type": "Create", name: after}
        return {
            **child,
            "event_type": "Change",
            KEY.get(name, name): after,
            "previous_value": before,
        }

    def _comment(self, message: Row) -> Row:
        return {
            "id": int(message["ticket_id"]) * 100_000 + message["sequence"],
            "event_type": "Comment",
            "type": "Comment",
            "author_id": NUMBER[message["author_id"]],
            "public": message["is_public"],
            "body": "x",
        }

    def _rows_of_clocks(self) -> Iterator[Row]:
        """Targets as they were applied, among events that are nobody's clock."""
        for place, target in enumerate(self.log.of("sla_event")):
            row = {
                "_at": target["happened_at"],
                "id": 9_000_000_000 + place * 3,
                "ticket_id": int(target["ticket_id"]),
                "metric": target["metric"],
                "instance_id": int(target["instance"]),
                "time": iso(target["happened_at"]),
            }
            policy = {"id": NUMBER[target["policy_id"]], "title": "x", "description": None}
            sla = {
                "target": int(target["target_minutes"]),
                "business_hours": target["is_business"],
                "policy": policy,
            }
            clock = {"calendar": place, "business": 0}
            yield {**row, "type": "activate"}
            yield {**row, "id": row["id"] + 1, "type": "apply_sla", "sla": sla}
            yield {**row, "id": row["id"] + 2, "type": "update_status", "status": clock}

    def _rows_of_ratings(self) -> Iterator[Row]:
        """The list has a ticket's latest rating only."""
        first: dict[str, datetime] = {}
        latest: dict[str, Row] = {}
        for rated in self.log.of("survey_response"):
            if rated["responded_at"] <= self.clock:
                first.setdefault(rated["ticket_id"], rated["responded_at"])
                latest[rated["ticket_id"]] = rated
        for key, rated in latest.items():
            offered = first[key] - timedelta(hours=1)
            yield {
                "_at": offered,
                "id": 8_000_000_000 + int(key),
                "ticket_id": int(key),
                "assignee_id": None,
                "group_id": None,
                "requester_id": NUMBER[self._latest[key]["requester_id"]],
                "score": SCORE[rated["score"]],
                "comment": None,
                "created_at": iso(offered),
                "updated_at": iso(rated["responded_at"]),
            }

    # lists

    def _organizations(self) -> list[Row]:
        return []

    def _groups(self) -> list[Row]:
        return [{"id": NUMBER[t], "name": t, "deleted": False, "default": False} for t in TEAMS]

    def _memberships(self) -> list[Row]:
        return [
            {"id": n, "user_id": NUMBER[a], "group_id": NUMBER[TEAMS[n % 3]], "default": True}
            for n, a in enumerate(AGENTS)
            if a not in {DEMOTED, LEFT}
        ]

    def _schedules(self) -> list[Row]:
        return [
            {
                "id": NUMBER[name],
                "name": name,
                "time_zone": RAILS[name],
                "intervals": [
                    {"start_time": low, "end_time": high} for low, high in within_days(intervals)
                ],
            }
            for name, (_, intervals, _) in SCHEDULES.items()
        ]

    def _holidays(self, number: int) -> list[Row]:
        return [
            {
                "id": number * 100 + place,
                "name": "Closed",
                "start_date": first.isoformat(),
                "end_date": last.isoformat(),
            }
            for place, (first, last) in enumerate(SCHEDULES[NAME[str(number)]][2])
        ]

    def _deleted(self) -> list[Row]:
        last_deleted = {t["record_id"]: t["deleted_at"] for t in self.log.of("tombstone")}
        return [
            {"id": int(key), "deleted_at": iso(at), "previous_state": "open"}
            for key, at in last_deleted.items()
            if at >= self._latest[key]["version_at"] and at <= self.clock
        ]


def within_days(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Intervals of the week that end no later than the day on which they begin."""
    for low, high in intervals:
        at = low
        while at < high:
            end = min(high, (at // DAY + 1) * DAY)
            start = at % WEEK
            yield start, start + end - at
            at = end
