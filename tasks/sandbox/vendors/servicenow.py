"""Fake ServiceNow Table API: encoded queries, keyset and offset paging, Link and X-Total-Count
headers, text values.

The rows come from a teller: the made-up organisation below, or any mapping of table names to rows
(real data in tests).
"""

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tasks.sandbox.fake import Fake, Request, Response
from tasks.sandbox.oauth import JWT_BEARER, TokenDesk
from tasks.sandbox.own_fields import (
    BRANDS,
    PLANS,
    PRODUCTS,
    REASONS,
    bought_on,
    brand_of,
    is_member,
    is_under_warranty,
    language_of,
    order_number_of,
    order_value_of,
    plan_of,
    products_of,
    reason_at,
    seats_of,
)
from tasks.sandbox.story import BERLIN, FIRST_REPLY_MINUTES, RESOLUTION_MINUTES, Ticket
from tasks.sandbox.world import World

_ROW = dict[str, str]
Tables = Mapping[str, Sequence[_ROW]]
_HELD_FOR = {"pending": "1", "hold": "4"}  # the caller, a vendor
_STATES = {
    "new": "1",
    "open": "2",
    "pending": "3",
    "hold": "3",
    "solved": "6",
    "closed": "7",
}
_PRIORITY = {
    "urgent": "1",
    "high": "2",
    "normal": "3",
    "low": "4",
}
_CONTACT = {
    "email": "email",
    "web": "self-service",
    "chat": "chat",
    "api": "monitoring",
}


def sys_id(*parts: object) -> str:
    """A stable id of 32 hex digits."""
    return hashlib.md5("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def when(instant: datetime | None) -> str:
    """2026-02-01 09:00:00, or "" for null."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if instant else ""


def span(minutes: int) -> str:
    """A duration, written as an instant counted from 1970."""
    return when(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


class ServiceNow(Fake):
    """An instance that answers for the tables that `teller` makes for the present clock."""

    def __init__(
        self,
        teller: Callable[[datetime], Tables],
        *,
        clock: datetime | None = None,
        user: str = "etl",
        password: str = "servicenow-demo-password",
        with_links: bool = False,
        zone: str = "GMT",
    ) -> None:
        super().__init__(clock=clock)
        self._teller = teller
        self._user = user
        self._password = password
        self._made: tuple[datetime, Tables] | None = None
        self._sorted: dict[tuple[str, str], tuple[list[_ROW], list[tuple[str, str]]]] = {}
        self.token_desk = TokenDesk(
            "sn",
            ("c", "s-secret"),
            ("client_credentials", "refresh_token", "password", JWT_BEARER),
            refresh_token="servicenow-demo-refresh",
            login=(user, password),
            refusal={"error": "server_error", "error_description": "access_denied"},
            refused_status=401,
            more={"refresh_token": "r", "expires_in": 1799, "scope": "useraccount"},
        )
        self.api_key = "servicenow-demo-key"
        self.trusts_certificates = False  # a client certificate that the connection has proved
        self.hidden: set[str] = set()
        self.with_links = with_links
        self.zone = ZoneInfo(zone)

    def unauthorized(self) -> Response:
        return self._problem(401, "User Not Authenticated", "Required to provide Auth information")

    def throttled(self) -> Response:
        reply = self._problem(429, "Rate limit exceeded", "")
        return Response(reply.content, 429, {"retry-after": "1", "x-ratelimit-limit": "1000"})

    def forbidden(self) -> Response:
        return self._problem(
            403, "Operation against file 'x' was aborted by Business Rule", "ACL Exception"
        )

    def _problem(self, status: int, message: str, detail: str) -> Response:
        return Response(
            {"error": {"message": message, "detail": detail}, "status": "failure"}, status
        )

    def _is_known(self, asked: Request) -> bool:
        return (
            asked.basic() == (self._user, self._password)
            or asked.bearer() in self.token_desk.tokens
            or asked.headers.get("x-sn-apikey") == self.api_key
            or self.trusts_certificates
        )

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth_token.do":
            return self.token_desk.answer(asked)
        if not self._is_known(asked):
            return self.unauthorized()
        match = re.fullmatch(r"/api/now/(?:v2/)?(table|stats)/(\w+)(?:/(\w+))?", asked.path)
        if not match:
            return self._problem(
                404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval"
            )
        kind, table, record = match.groups()
        if table not in self._tables():
            return self._problem(400, f"Invalid table {table}", "")
        if kind == "stats":
            return Response(
                {
                    "result": {
                        "stats": {
                            "count": str(
                                len(self._query(table, asked.query.get("sysparm_query", "")))
                            )
                        }
                    }
                }
            )
        if record:
            found = next((r for r in self._tables()[table] if r["sys_id"] == record), None)
            return (
                Response({"result": self._shown(found, asked)})
                if found
                else self._problem(404, "No Record found", "")
            )
        return self._page(asked, table)

    def _tables(self) -> Tables:
        if self._made is None or self._made[0] != self.clock:
            self._made = (self.clock, self._teller(self.clock))
            self._sorted.clear()
        return self._made[1]

    def _page(self, asked: Request, table: str) -> Response:
        rows = self._query(table, asked.query.get("sysparm_query", ""))
        limit, offset = (
            int(asked.query.get("sysparm_limit", "10000")),
            int(asked.query.get("sysparm_offset", "0")),
        )
        page = [
            r for r in rows[offset : offset + limit] if r["sys_id"] not in self.hidden
        ]  # hidden after the page is cut
        headers = {}
        if asked.query.get("sysparm_no_count") != "true":
            headers["x-total-count"] = str(len(rows))
        base = f"{self.base_url}{asked.path}?sysparm_limit={limit}&sysparm_offset="
        links = [f'<{base}0>;rel="first"']
        if offset + limit < len(rows):
            links.insert(0, f'<{base}{offset + limit}>;rel="next"')
        headers["link"] = ",".join(links)
        return Response({"result": [self._shown(r, asked) for r in page]}, 200, headers)

    def _shown(self, row: _ROW, asked: Request) -> dict[str, Any]:
        names = [n for n in asked.query.get("sysparm_fields", "").split(",") if n] or list(row)
        display = asked.query.get("sysparm_display_value", "false")
        shown: dict[str, Any] = {}
        for name in names:
            value = row.get(name, "")
            if display == "all":
                shown[name] = {"display_value": value, "value": value}
            elif (
                value
                and (self.with_links or asked.query.get("sysparm_exclude_reference_link") != "true")
                and name
                in {
                    "assigned_to",
                    "assignment_group",
                    "caller_id",
                    "company",
                    "opened_by",
                    "task",
                    "sla",
                    "user",
                    "group",
                    "schedule",
                    "child_schedule",
                }
            ):
                shown[name] = {"link": f"{self.base_url}/api/now/table/x/{value}", "value": value}
            else:
                shown[name] = value
        return shown

    def _query(self, table: str, query: str) -> Sequence[_ROW]:
        """Encoded queries: alternatives by ^NQ, conditions by ^, and ORDERBY.

        Unknown fields are ignored, as the real one may. Times are those of the user's zone; answers
        have UTC.
        """
        if self.zone.key != "GMT":
            query = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", self._in_utc, query)
        conditions, orders = [], []
        for part in query.split("^") if query else ():
            if part.startswith("ORDERBY"):
                orders.append(part.removeprefix("ORDERBY"))
            else:
                conditions.append(part)
        if orders[1:] == ["sys_id"]:
            return self._in_order(table, orders[0], "^".join(conditions))
        rows = [r for r in self._tables()[table] if _matches(r, "^".join(conditions))]
        for name in reversed(orders):
            rows.sort(
                key=lambda r: r.get(name.removeprefix("DESC"), ""), reverse=name.startswith("DESC")
            )
        return rows

    def _in_utc(self, written: re.Match[str]) -> str:
        """A time of a query, which the instance reads in the user's zone."""
        local = datetime.fromisoformat(written[0]).replace(tzinfo=self.zone)
        return when(local)

    def _in_order(self, table: str, time: str, conditions: str) -> Sequence[_ROW]:
        """Sorted by time and id.

        The bounds of a window or of a keyset page are found by bisection, so that large tables stay
        fast; other conditions are the same for every page and their rows are kept.
        """
        parts = [p for p in re.split(r"\^NQ|\^", conditions) if p]
        bounds = [p for p in parts if re.match(rf"{re.escape(time)}(>=|<|=|>)|sys_id>", p)]
        fixed = "^".join(dict.fromkeys(p for p in parts if p not in bounds))
        key = (f"{table}?{fixed}", time)
        if key not in self._sorted:
            rows = sorted(
                (r for r in self._tables()[table] if _matches(r, fixed)),
                key=lambda r: (r.get(time, ""), r["sys_id"]),
            )
            self._sorted[key] = (rows, [(r.get(time, ""), r["sys_id"]) for r in rows])
        rows, keys = self._sorted[key]
        values = {
            p[: -19 if not p.startswith("sys_id") else 7]: (
                p[-19:] if not p.startswith("sys_id") else p[7:]
            )
            for p in bounds
        }
        start, end = 0, len(rows)
        if "sys_id>" in values and f"{time}=" in values:
            start = bisect_right(keys, (values[f"{time}="], values["sys_id>"]))
        elif "sys_id>" in values:
            return [r for r in rows if _matches(r, conditions)]
        elif f"{time}>=" in values:
            start = bisect_left(keys, (values[f"{time}>="], ""))
        if f"{time}<" in values:
            end = bisect_left(keys, (values[f"{time}<"], ""))
        return rows[start:end]


def _matches(row: _ROW, conditions: str) -> bool:
    return any(
        all(_holds(row, one) for one in group.split("^") if one)
        for group in re.split(r"\^NQ", conditions)
    )


def _holds(row: _ROW, condition: str) -> bool:
    match = re.fullmatch(r"([a-z_.]+?)(>=|<=|!=|=|>|<|IN|ISNOTEMPTY|ISEMPTY)(.*)", condition)
    if not match or match[1] not in row:
        return True
    value = row[match[1]]
    operator = match[2]
    wanted = match[3]
    tests: dict[str, Callable[[], bool]] = {
        ">=": lambda: value >= wanted,
        "<=": lambda: value <= wanted,
        "=": lambda: value == wanted,
        "!=": lambda: value != wanted,
        ">": lambda: value > wanted,
        "<": lambda: value < wanted,
        "IN": lambda: value in wanted.split(","),
        "ISNOTEMPTY": lambda: value != "",
        "ISEMPTY": lambda: value == "",
    }
    return tests[operator]()


class Company:
    """Tells the organisation's tickets of one desk (or all) as ServiceNow tables."""

    def __init__(self, world: World, *, all_desks: bool = False) -> None:
        self.world = world
        self._tickets = world.tickets if all_desks else world.of_desk("servicenow")
        self._agents = [a for a in world.agents if all_desks or a.team.desk == "servicenow"]
        self._teams = [t for t in world.teams if all_desks or t.desk == "servicenow"]

    def __call__(self, now: datetime) -> Tables:
        return {
            **self._of_tickets(now),
            **self._of_people(now),
            **self._of_hours(),
            "contract_sla": self._targets(),
            "sys_choice": [*_choices(), *_own_choices()],
            "sys_dictionary": _dictionary(),
            "asmt_metric": _questions(),
        }

    def _of_tickets(self, now: datetime) -> Tables:
        visible = [t for t in self._tickets if t.known_at(now)]
        alive = [t for t in visible if not (t.deleted_at and t.deleted_at <= now)]
        return {
            "incident": [self._incident(t, now) for t in alive],
            "sn_customerservice_case": [],
            "sys_audit": [row for t in visible for row in self._audit(t, now)],
            "metric_instance": [],
            "sys_journal_field": [row for t in visible for row in self._journal(t, now)],
            "task_sla": [row for t in alive for row in self._slas(t, now)],
            "asmt_assessment_instance": [row for t in alive for row in self._sent(t, now)],
            "asmt_metric_result": [row for t in alive for row in self._csat(t, now)],
            "task_time_worked": [row for t in alive for row in self._worked(t, now)],
            "sys_audit_delete": [
                {
                    "sys_id": sys_id("gone", t.number),
                    "tablename": "incident",
                    "documentkey": sys_id("ticket", t.number),
                    "sys_created_on": when(t.deleted_at),
                }
                for t in visible
                if t.deleted_at and t.deleted_at <= now
            ],
        }

    def _of_people(self, now: datetime) -> Tables:
        return {
            "sys_user": self._users(now),
            "sys_user_group": [
                {
                    "sys_id": sys_id("team", t.number),
                    "name": t.name,
                    "active": "true",
                    "sys_updated_on": _MADE,
                }
                for t in self._teams
            ],
            "sys_user_grmember": [
                {
                    "sys_id": sys_id("member", a.number),
                    "user": sys_id("agent", a.number),
                    "group": sys_id("team", a.team.number),
                    "sys_updated_on": _MADE,
                }
                for a in self._agents
                if a.works_on(now.date())
            ],
            "customer_account": [
                {
                    "sys_id": sys_id("company", c.number),
                    "name": c.name,
                    "website": c.domain,
                    "country": c.country,
                    "u_plan": plan_of(c),
                    "u_seats": str(seats_of(c)),
                    "sys_created_on": when(c.since),
                    "sys_updated_on": when(c.since),
                }
                for c in self.world.companies
                if c.since <= now
            ],
        }

    def _of_hours(self) -> Tables:
        """A schedule, and one with every other holiday that is taken out of it."""
        closed = BERLIN.holidays_of(self.world.first, self.world.last)
        return {
            "cmn_schedule": [_hours_schedule(), _holiday_schedule()],
            "cmn_schedule_span": [
                _opening("morning", "080000", "120000"),
                _opening("afternoon", "120000", "180000"),
                *(_holiday(d, _DAYS_OFF, _CLOSED_NAME) for d in closed[::2]),
                *(_holiday(d, _SCHEDULE, BERLIN.name) for d in closed[1::2]),
            ],
            "cmn_other_schedule": [
                {
                    "sys_id": sys_id("child"),
                    "schedule": _SCHEDULE,
                    "child_schedule": _DAYS_OFF,
                    "type": "include",
                    "sys_updated_on": _MADE,
                }
            ],
        }

    def _targets(self) -> list[_ROW]:
        return [
            {
                "sys_id": sys_id("sla", target, p),
                "name": f"Priority {p} {target}",
                "collection": "incident",
                "type": "SLA",
                "target": target,
                "duration": span(m),
                "schedule": _SCHEDULE,
                "active": "true",
                "sys_updated_on": _MADE,
            }
            for target, minutes in (
                ("response", FIRST_REPLY_MINUTES),
                ("resolution", RESOLUTION_MINUTES),
            )
            for p, m in minutes.items()
        ]

    def _incident(self, ticket: Ticket, now: datetime) -> _ROW:
        changes = ticket.changes_until(now)
        statuses = [c for c in changes if c.field == "status"]
        solved = next((c.at for c in reversed(statuses) if c.after == "solved"), None)
        assignee = ticket.value_at("assignee", now)
        team = ticket.value_at("team", now)
        is_solved = statuses[-1].after in {"solved", "closed"}
        company = ticket.requester.company
        return {
            "sys_id": sys_id("ticket", ticket.number),
            "number": f"INC{ticket.number:010d}",
            "short_description": ticket.topic,
            "state": _STATES[str(statuses[-1].after)],
            "priority": _PRIORITY[str(ticket.value_at("priority", now))],
            "impact": "2",
            "urgency": "2",
            "category": ticket.kind,
            "contact_type": _CONTACT[ticket.channel],
            "caller_id": sys_id("person", ticket.requester.number),
            "company": sys_id("company", company.number) if company else "",
            "opened_by": sys_id("person", ticket.requester.number),
            "assigned_to": sys_id("agent", assignee) if assignee else "",
            "assignment_group": sys_id("team", team) if team else "",
            "opened_at": when(ticket.created_at),
            "resolved_at": when(solved) if is_solved else "",
            "closed_at": when(statuses[-1].at) if statuses[-1].after == "closed" else "",
            "reopen_count": str(
                sum(c.before == "solved" and c.after != "closed" for c in statuses)
            ),
            "reassignment_count": str(max(0, sum(c.field == "assignee" for c in changes) - 1)),
            **self._resolve_times(ticket.created_at, solved if is_solved else None),
            "made_sla": "false" if self._is_late(ticket, now) else "true",
            "hold_reason": _HELD_FOR.get(str(statuses[-1].after), ""),
            "parent_incident": "",
            "close_code": "",
            **_own(ticket, now),
            "active": "false" if statuses[-1].after == "closed" else "true",
            "sys_created_on": when(ticket.created_at),
            "sys_updated_on": when(ticket.updated_at(now)),
        }

    def _audit(self, ticket: Ticket, now: datetime) -> list[_ROW]:
        names = {
            "status": "state",
            "assignee": "assigned_to",
            "team": "assignment_group",
            "priority": "priority",
        }
        told = [
            (place, names[c.field], self._raw(c.field, c.before), self._raw(c.field, c.after), c)
            for place, c in enumerate(ticket.changes_until(now))
        ]
        told += [
            (
                place,
                "hold_reason",
                _HELD_FOR.get(c.before or "", ""),
                _HELD_FOR.get(c.after or "", ""),
                c,
            )
            for place, c in enumerate(ticket.changes_until(now))
            if c.field == "status"
        ]
        return [
            {
                "sys_id": sys_id("audit", ticket.number, place, field),
                "tablename": "incident",
                "documentkey": sys_id("ticket", ticket.number),
                "fieldname": field,
                "oldvalue": old,
                "newvalue": new,
                "user": f"agent.{c.actor}",
                "sys_created_on": when(c.at),
                "record_checkpoint": str(place),
            }
            for place, field, old, new, c in told
            if old != new
        ]

    def _raw(self, name: str, value: str | None) -> str:
        if value is None:
            return ""
        return {
            "status": lambda v: _STATES[v],
            "priority": lambda v: _PRIORITY[v],
            "assignee": lambda v: sys_id("agent", v),
            "team": lambda v: sys_id("team", v),
        }[name](value)

    def _journal(self, ticket: Ticket, now: datetime) -> list[_ROW]:
        return [
            {
                "sys_id": sys_id("note", ticket.number, place),
                "name": "incident",
                "element": "comments" if n.is_public else "work_notes",
                "element_id": sys_id("ticket", ticket.number),
                "value": n.text,
                "sys_created_on": when(n.at),
                "sys_created_by": (
                    f"agent.{n.author}" if n.role == "agent" else f"person.{n.author}"
                ),
            }
            for place, n in enumerate(ticket.notes_until(now))
        ]

    def _resolve_times(self, opened: datetime, solved: datetime | None) -> _ROW:
        """Seconds to the resolution, around the clock and within the schedule."""
        if solved is None:
            return {"calendar_stc": "", "business_stc": ""}
        return {
            "calendar_stc": str(int((solved - opened).total_seconds())),
            "business_stc": str(int(BERLIN.open_seconds(opened, solved))),
        }

    def _is_late(self, ticket: Ticket, now: datetime) -> bool:
        return any(row["has_breached"] == "true" for row in self._slas(ticket, now))

    def _slas(self, ticket: Ticket, now: datetime) -> list[_ROW]:
        reply = next((n.at for n in ticket.notes if n.role == "agent" and n.is_public), None)
        solved = next(
            (
                c.at
                for c in ticket.changes
                if c.field == "status" and c.after in {"solved", "closed"}
            ),
            None,
        )
        rows = []
        for target, minutes, done in (
            ("response", FIRST_REPLY_MINUTES, reply),
            ("resolution", RESOLUTION_MINUTES, solved),
        ):
            due = BERLIN.after(ticket.created_at, minutes[ticket.priority] * 60)
            ended = done if done and done <= now else None
            breached = due <= now and (done is None or done > due)
            updated = max(i for i in (ticket.created_at, ended, due if breached else None) if i)
            rows.append(
                {
                    "sys_id": sys_id("task_sla", ticket.number, target),
                    "task": sys_id("ticket", ticket.number),
                    "sla": sys_id("sla", target, ticket.priority),
                    "sla.target": target,
                    "sla.type": "SLA",
                    "sla.duration": span(minutes[ticket.priority]),
                    "stage": _stage(ticket, ended, breached=breached),
                    "has_breached": "true" if breached else "false",
                    "start_time": when(ticket.created_at),
                    "end_time": when(ended),
                    "planned_end_time": when(due),
                    "schedule": sys_id("schedule", BERLIN.number),
                    "sys_updated_on": when(updated),
                }
            )
        return rows

    def _users(self, now: datetime) -> list[_ROW]:
        agents = [
            {
                "sys_id": sys_id("agent", a.number),
                "user_name": f"agent.{a.number}",
                "name": a.name,
                "email": a.email,
                "active": "true" if a.works_on(now.date()) else "false",
                "time_zone": "",
                "company": "",
                "u_language": "",
                "u_member": "false",
                "sys_created_on": f"{a.hired} 08:00:00",
                "sys_updated_on": (
                    f"{a.left if a.left and a.left <= now.date() else a.hired} 08:00:00"
                ),
            }
            for a in self._agents
            if a.hired <= now.date()
        ]
        people = [
            {
                "sys_id": sys_id("person", p.number),
                "user_name": f"person.{p.number}",
                "name": p.name,
                "email": p.email,
                "active": "true",
                "time_zone": "",
                "company": sys_id("company", p.company.number) if p.company else "",
                "u_language": language_of(p),
                "u_member": str(is_member(p)).lower(),
                "sys_created_on": when(p.since),
                "sys_updated_on": when(p.since),
            }
            for p in self.world.people
            if p.since <= now
        ]
        return agents + people

    def _sent(self, ticket: Ticket, now: datetime) -> list[_ROW]:
        rating = ticket.rating
        if rating is None or rating.offered_at > now:
            return []
        answered = rating.answered_at if rating.answered_at and rating.answered_at <= now else None
        return [
            {
                "sys_id": sys_id("assessment", ticket.number),
                "trigger_table": "incident",
                "trigger_id": sys_id("ticket", ticket.number),
                "metric_type": _SURVEY,
                "state": "complete" if answered else "ready",
                "taken_on": when(answered),
                "sys_created_on": when(rating.offered_at),
                "sys_updated_on": when(answered or rating.offered_at),
            }
        ]

    def _csat(self, ticket: Ticket, now: datetime) -> list[_ROW]:
        rating = ticket.rating
        if rating is None or rating.answered_at is None or rating.answered_at > now:
            return []
        shared = {
            "instance": sys_id("assessment", ticket.number),
            "instance.trigger_id": sys_id("ticket", ticket.number),
            "instance.taken_on": when(rating.answered_at),
            "instance.state": "complete",
            "instance.metric_type": _SURVEY,
            "instance.metric_type.evaluation_method": "survey",
            "sys_updated_on": when(rating.answered_at),
        }
        score = rating.score or 0
        values = {  # of each question: the value, the text, and the value weighted from 0 to 10
            "Satisfaction": (str(score), "", str((score - 1) / 4 * 10)),
            "Solved": ("1" if score > 2 else "0", "Yes" if score > 2 else "No", "0"),
            "Remarks": ("", "Thank you", "0"),
        }
        return [
            {
                "sys_id": sys_id("answer", ticket.number, question["name"]),
                "metric": question["sys_id"],
                **{f"metric.{n}": question[n] for n in ("name", "datatype", "min", "max", "scale")},
                **dict(
                    zip(
                        ("actual_value", "string_value", "normalized_value"),
                        values[question["name"]],
                        strict=True,
                    )
                ),
                **shared,
            }
            for question in _questions()
        ]

    def _worked(self, ticket: Ticket, now: datetime) -> list[_ROW]:
        solve = next(
            (c for c in ticket.changes_until(now) if c.field == "status" and c.after == "solved"),
            None,
        )
        if solve is None or not ticket.minutes_worked:
            return []
        return [
            {
                "sys_id": sys_id("worked", ticket.number),
                "task": sys_id("ticket", ticket.number),
                "user": sys_id("agent", solve.actor),
                "time_in_seconds": str(ticket.minutes_worked * 60),
                "sys_created_on": when(solve.at),
                "sys_updated_on": when(solve.at),
            }
        ]


def _own(ticket: Ticket, now: datetime) -> _ROW:
    """Columns that the instance added to incidents."""
    bought, value = bought_on(ticket), order_value_of(ticket)
    return {
        "u_contact_reason": reason_at(ticket, now) or "",
        "u_brand": str(brand_of(ticket)),
        "u_order_number": order_number_of(ticket) or "",
        "u_order_value": str(value) if value is not None else "",
        "u_bought_on": bought.isoformat() if bought else "",
        "u_under_warranty": str(is_under_warranty(ticket)).lower(),
        "u_products": ",".join(products_of(ticket)),
        "u_department": sys_id("department", ticket.team.number),
        "u_department.name": ticket.team.name,
    }


_MADE = "2024-01-05 00:00:00"
_SURVEY = sys_id("survey")
_SCHEDULE = sys_id("schedule", BERLIN.number)
_DAYS_OFF = sys_id("days off")
_CLOSED_NAME = "Public holidays"


def _hours_schedule() -> _ROW:
    """No schedule of the real export has a time zone: they float."""
    return {"sys_id": _SCHEDULE, "name": BERLIN.name, "time_zone": "", "sys_updated_on": _MADE}


def _holiday_schedule() -> _ROW:
    return {"sys_id": _DAYS_OFF, "name": _CLOSED_NAME, "time_zone": "", "sys_updated_on": _MADE}


def _span(schedule: str, name: str, starts: str, ends: str, **more: str) -> _ROW:
    """A span with the columns and the left-over values of the real export."""
    return {
        "sys_id": sys_id("span", schedule, starts),
        "name": name,
        "schedule": schedule,
        "schedule.time_zone": "",
        "all_day": "false",
        "start_date_time": starts,
        "end_date_time": ends,
        "repeat_type": "",
        "repeat_count": "1",
        "repeat_until": "00000000",
        "days_of_week": "1",
        "monthly_type": "dom",
        "yearly_type": "doy",
        "month": "1",
        "float_week": "1",
        "float_day": "1",
        "show_as": "busy",
        "sys_class_name": "cmn_schedule_span",
        "type": "",
        "sys_updated_on": _MADE,
        **more,
    }


def _opening(part: str, starts: str, ends: str) -> _ROW:
    hours = {"repeat_type": "weekdays", "schedule.name": BERLIN.name}
    return _span(_SCHEDULE, f"Weekdays, {part}", f"20240101T{starts}", f"20240101T{ends}", **hours)


def _holiday(d: date, schedule: str, of: str) -> _ROW:
    closed = {"type": "exclude", "schedule.name": of}
    return _span(schedule, "Public holiday", f"{d:%Y%m%d}T000000", f"{d:%Y%m%d}T235959", **closed)


def _stage(ticket: Ticket, ended: datetime | None, *, breached: bool) -> str:
    """The older stages keep `breached` for what ends late, the newer ones say how it ended."""
    if breached and ticket.number % 2:
        return "breached"
    return "completed" if ended else "in_progress"


def _questions() -> list[_ROW]:
    """A rating, a question of yes or no, and one for a text; scale says which end is good."""
    return [
        {
            "sys_id": sys_id("question", name),
            "name": name,
            "datatype": datatype,
            "min": low,
            "max": high,
            "scale": "high",
            "active": "true",
            "metric_type": _SURVEY,
            "metric_type.name": "Incident satisfaction",
            "metric_type.evaluation_method": "survey",
            "sys_updated_on": _MADE,
        }
        for name, datatype, low, high in (
            ("Satisfaction", "scale", "1", "5"),
            ("Solved", "boolean", "0", "1"),
            ("Remarks", "string", "", ""),
        )
    ]


def _choices() -> list[_ROW]:
    """States of incidents in two languages; those of tasks, which it extends, mean other things."""
    incident = {
        "1": ("New", "Neu"),
        "2": ("In Progress", "In Bearbeitung"),
        "3": ("On Hold", "In Wartestellung"),
        "6": ("Resolved", "Gelöst"),
        "7": ("Closed", "Geschlossen"),
        "8": ("Canceled", "Abgebrochen"),
    }
    task = {"1": ("Open", "Offen"), "3": ("Closed Complete", "Abgeschlossen")}
    return [
        {
            "sys_id": sys_id("choice", table, value, language),
            "name": table,
            "element": "state",
            "value": value,
            "label": label,
            "language": language,
            "inactive": "false",
            "sys_updated_on": _MADE,
        }
        for table, labels in (("incident", incident), ("task", task))
        for value, both in labels.items()
        for language, label in zip(("en", "de"), both, strict=True)
    ]


_COLUMNS = (  # table, name, label, type, what it leads to, choice
    ("incident", "", "Incident", "collection", "", ""),
    ("task", "short_description", "Short description", "string", "", ""),
    ("task", "state", "State", "integer", "", "3"),
    ("task", "assigned_to", "Assigned to", "reference", "sys_user", ""),
    ("task", "contact_type", "Contact type", "string", "", "1"),
    ("incident", "category", "Category", "string", "", "3"),
    ("incident", "u_contact_reason", "Contact reason", "string", "", "1"),
    ("incident", "u_brand", "Brand", "integer", "", "1"),
    ("incident", "u_order_number", "Order number", "string", "", ""),
    ("incident", "u_order_value", "Order value", "decimal", "", ""),
    ("incident", "u_bought_on", "Bought on", "glide_date", "", ""),
    ("incident", "u_under_warranty", "Under warranty", "boolean", "", ""),
    ("incident", "u_products", "Products", "glide_list", "", "1"),
    ("incident", "u_department", "Department", "reference", "cmn_department", ""),
    ("sys_user", "email", "Email", "email", "", ""),
    ("sys_user", "u_language", "Language", "string", "", ""),
    ("sys_user", "u_member", "Member", "boolean", "", ""),
    ("customer_account", "u_plan", "Plan", "string", "", "1"),
    ("customer_account", "u_seats", "Seats", "integer", "", ""),
)


def _dictionary() -> list[_ROW]:
    """Columns of tables; one without a name stands for the table."""
    names = ("name", "element", "column_label", "internal_type", "reference", "choice")
    return [
        {
            "sys_id": sys_id("column", column[0], column[1]),
            **dict(zip(names, column, strict=True)),
            "active": "true",
            "sys_updated_on": _MADE,
        }
        for column in _COLUMNS
    ]


def _own_choices() -> list[_ROW]:
    """Values of columns with a closed list; contact types are those of tasks."""
    contacts = {"email": "Email", "phone": "Phone", "self-service": "Self-service", "chat": "Chat"}
    brands = {str(number): name for number, name in BRANDS.items()}
    listed: tuple[tuple[str, str, Mapping[str, str]], ...] = (
        ("task", "contact_type", contacts),
        ("incident", "u_contact_reason", REASONS),
        ("incident", "u_brand", brands),
        ("incident", "u_products", PRODUCTS),
        ("customer_account", "u_plan", PLANS),
    )
    return [
        {
            "sys_id": sys_id("choice", table, element, value),
            "name": table,
            "element": element,
            "value": value,
            "label": label,
            "language": "en",
            "sequence": str(place),
            "inactive": "false",
            "sys_updated_on": _MADE,
        }
        for table, element, labels in listed
        for place, (value, label) in enumerate(labels.items())
    ]
