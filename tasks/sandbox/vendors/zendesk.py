"""Fake Zendesk Support, from developer.zendesk.com: incremental exports, cursor paging, SLA metric
events.
"""

import base64
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.sandbox.fake import Fake, Request, Response, iso, page_of
from tasks.sandbox.oauth import TokenDesk
from tasks.sandbox.own_fields import (
    BRANDS,
    FORMS,
    PLANS,
    PRODUCTS,
    REASONS,
    bought_on,
    brand_of,
    form_of,
    is_member,
    is_under_warranty,
    language_of,
    order_number_of,
    order_value_of,
    plan_of,
    products_of,
    reason_at,
    reason_changes,
    seats_of,
    tags_of,
)
from tasks.sandbox.story import (
    FIRST_REPLY_MINUTES,
    RESOLUTION_MINUTES,
    SCHEDULES,
    Change,
    Ticket,
)
from tasks.sandbox.world import World

_AGENT, _PERSON, _COMPANY = 9_000_000, 20_000_000, 30_000_000
_ROLES = {"customer": "end-user", "agent": "agent"}
_SCHEDULE = 39
_BRAND, _FORM = 360_000_358_000, 360_000_084_000
_REASON = 360_012_345_678
_TICKET_FIELDS: tuple[tuple[int, str, str, dict[str, str]], ...] = (  # id, type, title, options
    (_REASON, "tagger", "Contact reason", dict(REASONS)),
    (_REASON + 1, "text", "Order number", {}),
    (_REASON + 2, "decimal", "Order value", {}),
    (_REASON + 3, "date", "Bought on", {}),
    (_REASON + 4, "checkbox", "Under warranty", {}),
    (_REASON + 5, "multiselect", "Products", dict(PRODUCTS)),
)
_MADE = "2024-01-05T00:00:00Z"  # of settings and lists
_ROW = dict[str, Any]


_WAITS = {
    "requester_wait": {"new", "open", "hold"},
    "agent_wait": {"pending"},
    "on_hold": {"hold"},
}
_STATUS_ID = {
    "new": 5160,
    "open": 5161,
    "pending": 5162,
    "hold": 5163,
}


class Zendesk(Fake):
    """The Zendesk desk of the organisation (or all its tickets, with `all_desks`)."""

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        email: str = "etl@alderfinch.example",
        token: str = "zendesk-demo-token",
        all_desks: bool = False,
    ) -> None:
        super().__init__(clock=clock)
        self.world = world
        self._email = email
        self._token = token
        self._tickets = world.tickets if all_desks else world.of_desk("zendesk")
        self._teams = [t for t in world.teams if all_desks or t.desk == "zendesk"]
        self._agents = [a for a in world.agents if all_desks or a.team.desk == "zendesk"]
        self.oauth_token: str | None = None
        self.token_desk = TokenDesk(
            "zendesk",
            ("zendesk-client", "zendesk-demo-secret"),
            ("client_credentials", "refresh_token"),
            refresh_token="zendesk-demo-refresh",
            rotates=True,
            single=True,
            sends="json",
            needs_scope=True,
            more={"scope": "read", "expires_in": 1800},
        )
        self.newer_csat = False  # answers to surveys in place of ratings

    def unauthorized(self) -> Response:
        return Response({"error": "Couldn't authenticate you"}, 401)

    def throttled(self) -> Response:
        return Response(
            b"Number of allowed API requests per minute exceeded",
            429,
            {
                "retry-after": "1",
                "content-type": "text/plain; charset=UTF-8",
                "x-rate-limit": "400",
            },
        )

    def forbidden(self) -> Response:
        return Response(
            {"error": {"title": "Forbidden", "message": "You do not have access to this page."}},
            403,
        )

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/tokens":
            return self.token_desk.answer(asked)
        if not self._known(asked):
            return self.unauthorized()
        path = asked.path.removeprefix("/api/v2/").removesuffix(".json").rstrip("/")
        parts = path.split("/")
        routes: dict[str, Callable[[Request], Response]] = {
            "users/me": self._me,
            "incremental/tickets/cursor": self._ticket_export,
            "incremental/users/cursor": lambda a: self._cursor_export(a, "users", self._users()),
            "incremental/organizations": lambda a: self._time_export(
                a, "organizations", self._organizations()
            ),
            "incremental/ticket_events": self._event_export,
            "incremental/ticket_metric_events": lambda a: self._time_export(
                a, "ticket_metric_events", self._metric_events(), at="_at"
            ),
            "slas/policies": lambda a: Response(
                {
                    "sla_policies": self._policies(),
                    "count": 2,
                    "next_page": None,
                }
            ),
            "group_slas/policies": lambda a: self._cbp(
                a, "group_sla_policies", self._group_policies()
            ),
            "satisfaction_ratings": self._ratings,
            "guide/survey_responses": self._survey_responses,
            "groups": lambda a: self._cbp(a, "groups", self._groups()),
            "group_memberships": lambda a: self._cbp(a, "group_memberships", self._memberships()),
            "business_hours/schedules": lambda a: Response(
                {"schedules": self._schedules(), "url": ""}
            ),
            "custom_statuses": lambda a: Response({"custom_statuses": self._statuses()}),
            "ticket_fields": lambda a: self._cbp(a, "ticket_fields", _ticket_fields()),
            "user_fields": lambda a: self._cbp(
                a, "user_fields", [_field(501, "checkbox", "Member", {}, "member")]
            ),
            "organization_fields": lambda a: self._cbp(
                a, "organization_fields", _organization_fields()
            ),
            "brands": lambda a: self._cbp(a, "brands", _brands()),
            "ticket_forms": lambda a: self._cbp(a, "ticket_forms", _forms()),
            "deleted_tickets": lambda a: self._cbp(a, "deleted_tickets", self._deleted()),
        }
        if path in routes:
            return routes[path](asked)
        if parts[0] == "tickets" and len(parts) in {2, 3}:
            return self._one_ticket(asked, int(parts[1]), parts[2] if len(parts) == 3 else "")
        if parts[:2] == ["business_hours", "schedules"] and parts[-1] == "holidays":
            return Response({"holidays": self._holidays(int(parts[2]))})
        if parts[0] == "users" and len(parts) == 2:
            found = [u for u in self._users() if str(u["id"]) == parts[1]]
            return Response({"user": _clean(found[0])}) if found else self._gone()
        return self._gone()

    def _gone(self) -> Response:
        return Response({"error": "RecordNotFound", "description": "Not found"}, 404)

    def _known(self, asked: Request) -> bool:
        if asked.bearer() in {self.oauth_token, *self.token_desk.tokens} - {None}:
            return True
        return asked.basic() == (f"{self._email}/token", self._token)

    def _me(self, asked: Request) -> Response:
        return Response(
            {
                "user": {
                    "id": 1,
                    "name": "ETL",
                    "role": "admin",
                    "email": self._email,
                    "active": True,
                }
            }
        )

    # exports
    # ----------------------------------------------------------------------------------------------

    def _too_recent(self, start: str) -> Response | None:
        if not start.isdigit():
            return Response(
                {
                    "error": {
                        "title": "Invalid attribute",
                        "message": "start_time must be an integer",
                    }
                },
                400,
            )
        if int(start) > self.clock.timestamp() - 60:
            return Response(
                {
                    "error": "StartTimeTooRecent",
                    "description": "Too recent start_time. Use a start_time older than 60 seconds",
                },
                422,
            )
        return None

    def _ticket_export(self, asked: Request) -> Response:
        rows = self._keep(
            "tickets", lambda: self._stamped(self._ticket_row(t) for t in self._visible())
        )
        return self._cursor_export(
            asked, "tickets", rows, sets="metric_sets" in asked.query.get("include", "")
        )

    def _stamped(self, rows: Any) -> list[_ROW]:
        latest = self.clock - timedelta(seconds=60)
        return sorted((r for r in rows if r["_at"] <= latest), key=lambda r: (r["_at"], r["id"]))

    def _cursor_export(
        self, asked: Request, name: str, rows: Sequence[_ROW], *, sets: bool = True
    ) -> Response:
        size = min(int(asked.query.get("per_page", "1000")), 1000)
        if "cursor" in asked.query:
            after = tuple(json.loads(base64.b64decode(asked.query["cursor"])))
        else:
            refused = self._too_recent(asked.query.get("start_time", ""))
            if refused:
                return refused
            after = (int(asked.query["start_time"]), -1)
        index = _first_after(rows, after)
        page, more = page_of(rows, index, size)
        last = page[-1] if page else None
        position = (int(last["_at"].timestamp()), last["id"]) if last else after
        cursor = base64.b64encode(json.dumps(position).encode()).decode()
        url = (
            f"{self.base_url}/api/v2/incremental/{name}/cursor.json?cursor={cursor}&per_page={size}"
        )
        drop = () if sets else ("metric_set",)
        return Response(
            {
                name: [_clean(r, drop) for r in page],
                "after_url": url,
                "after_cursor": cursor,
                "before_url": None,
                "before_cursor": None,
                "end_of_stream": not more,
            }
        )

    def _time_export(
        self,
        asked: Request,
        name: str,
        rows: Sequence[_ROW],
        *,
        at: str = "_at",
        size: int = 1000,
    ) -> Response:
        refused = self._too_recent(asked.query.get("start_time", ""))
        if refused:
            return refused
        start = int(asked.query["start_time"])
        size = min(int(asked.query.get("per_page", str(size))), 1000)
        index = _first_after(rows, (start, -1))
        # a page never ends inside a second; pages overlap at their end_time
        page = list(rows[index : index + size])
        while (
            page
            and index + len(page) < len(rows)
            and rows[index + len(page)]["_at"] == page[-1]["_at"]
        ):
            page.append(rows[index + len(page)])
        end = index + len(page) >= len(rows)
        end_time = int(page[-1]["_at"].timestamp()) if page else start
        if not end and end_time == start:
            end_time += 1
        url = (
            f"{self.base_url}/api/v2/incremental/{name}.json?start_time={end_time}&per_page={size}"
        )
        if asked.query.get("include"):
            url += f"&include={asked.query['include']}"
        return Response(
            {
                name: [_clean(r) for r in page],
                "count": len(page),
                "end_of_stream": end,
                "end_time": end_time,
                "next_page": url,
            }
        )

    def _cbp(self, asked: Request, name: str, rows: Sequence[_ROW]) -> Response:
        size = min(int(asked.query.get("page[size]", "100")), 100)
        start = int(asked.query.get("page[after]", "0") or 0)
        page, more = page_of(rows, start, size)
        cursor = str(start + size)
        query = f"page%5Bsize%5D={size}&page%5Bafter%5D={cursor}"
        for kept in ("start_time", "end_time", "exclude_deleted", "filter[created_at_start]"):
            if kept in asked.query:
                query += f"&{kept}={asked.query[kept]}"
        link = f"{self.base_url}{asked.path}?{query}" if more else None
        return Response(
            {
                name: [_clean(r) for r in page],
                "meta": {
                    "has_more": more,
                    "after_cursor": cursor if more else None,
                    "before_cursor": None,
                },
                "links": {"next": link, "prev": None},
            }
        )

    # rows
    # ----------------------------------------------------------------------------------------------

    def _visible(self) -> list[Ticket]:
        return [t for t in self._tickets if t.known_at(self.clock)]

    def _is_deleted(self, ticket: Ticket) -> bool:
        return ticket.deleted_at is not None and ticket.deleted_at <= self.clock

    def _ticket_row(self, ticket: Ticket) -> _ROW:
        now, updated_at = self.clock, ticket.updated_at(self.clock)
        status = "deleted" if self._is_deleted(ticket) else ticket.value_at("status", now)
        assignee = ticket.value_at("assignee", now)
        team = ticket.value_at("team", now)
        rating = ticket.rating
        score: _ROW = {"score": "unoffered"}
        if rating and rating.offered_at <= now:
            answered = rating.answered_at is not None and rating.answered_at <= now
            score = {
                "score": _score(rating.score) if answered else "offered",
                "id": ticket.number + 1,
            }
        tags = ["alder", *tags_of(ticket)] + (
            ["closed_by_merge"] if ticket.merged_at and ticket.merged_at <= now else []
        )
        return {
            "_at": updated_at,
            "id": ticket.number,
            "url": f"{self.base_url}/api/v2/tickets/{ticket.number}.json",
            "external_id": None,
            "created_at": iso(ticket.created_at),
            "updated_at": iso(updated_at),
            "generated_timestamp": int(updated_at.timestamp()),
            "subject": ticket.topic,
            "raw_subject": ticket.topic,
            "description": ticket.topic,
            "type": ticket.kind,
            "priority": ticket.value_at("priority", now),
            "status": status,
            "custom_status_id": _STATUS_ID.get(str(status), 5164),
            "recipient": None,
            "requester_id": _PERSON + ticket.requester.number,
            "submitter_id": _PERSON + ticket.requester.number,
            "assignee_id": _AGENT + int(assignee) if assignee else None,
            "organization_id": (
                _COMPANY + ticket.requester.company.number if ticket.requester.company else None
            ),
            "group_id": int(team) if team else None,
            "brand_id": _BRAND + brand_of(ticket),
            "ticket_form_id": _form_id(ticket),
            "problem_id": None,
            "has_incidents": False,
            "is_public": True,
            "due_at": None,
            "tags": tags,
            "via": {
                "channel": ticket.channel,
                "source": {
                    "from": {},
                    "to": {},
                    "rel": None,
                },
            },
            "custom_fields": _custom_fields(ticket, now),
            "satisfaction_rating": score,
            "collaborator_ids": [],
            "follower_ids": [],
            "metric_set": self._metric_set(ticket),
        }

    def _metric_set(self, ticket: Ticket) -> _ROW:
        now = self.clock
        changes = ticket.changes_until(now)
        statuses = [c for c in changes if c.field == "status"]
        solves = [
            c.at
            for c in statuses
            if c.after == "solved" or (c.after == "closed" and c.before != "solved")
        ]
        replies = [n for n in ticket.notes_until(now) if n.role == "agent" and n.is_public]
        reopens = sum(
            c.before == "solved" and c.after in {"open", "pending", "hold", "new"} for c in statuses
        )
        done = bool(statuses) and statuses[-1].after in {"solved", "closed"}
        ends = {
            "reply_time": replies[0].at if replies else None,
            "first_resolution_time": solves[0] if solves else None,
            "full_resolution_time": solves[-1] if done and solves else None,
        }
        return {
            "id": ticket.number + 7,
            "ticket_id": ticket.number,
            "reopens": reopens,
            "replies": len(replies),
            "group_stations": sum(c.field == "team" for c in changes),
            "assignee_stations": sum(c.field == "assignee" for c in changes),
            "created_at": iso(ticket.created_at),
            "updated_at": iso(ticket.updated_at(now)),
            "solved_at": iso(solves[-1]) if done and solves else None,
            **{
                f"{name}_in_minutes": self._minutes(ticket, [(ticket.created_at, end)])
                if end
                else {"calendar": None, "business": None}
                for name, end in ends.items()
            },
            **{
                f"{name}_time_in_minutes": self._minutes(ticket, _spans(statuses, among))
                for name, among in _WAITS.items()
            },
        }

    def _minutes(self, ticket: Ticket, spans: Sequence[tuple[datetime, datetime]]) -> _ROW:
        """Whole minutes: around the clock, and open ones of the schedule at each span's end."""
        calendar = sum((end - start).total_seconds() for start, end in spans)
        business = sum(
            self.world.schedule_at(ticket, end).open_seconds(start, end) for start, end in spans
        )
        return {"calendar": int(calendar // 60), "business": int(business // 60)}

    def _users(self) -> list[_ROW]:
        users: list[_ROW] = self._keep("users", self._make_users)
        return users

    def _make_users(self) -> list[_ROW]:
        rows = []
        for agent in self._agents:
            hired = datetime(agent.hired.year, agent.hired.month, agent.hired.day, 8, tzinfo=UTC)
            left = (
                datetime(agent.left.year, agent.left.month, agent.left.day, 17, tzinfo=UTC)
                if agent.left
                else None
            )
            gone = left is not None and left <= self.clock
            if hired > self.clock:
                continue
            rows.append(
                {
                    "_at": left if gone and left else hired,
                    "id": _AGENT + agent.number,
                    "name": agent.name,
                    "email": agent.email,
                    "created_at": iso(hired),
                    "updated_at": iso(left if gone and left else hired),
                    "role": "agent",
                    "active": not gone,
                    "suspended": gone,
                    "time_zone": "Berlin",
                    "iana_time_zone": "Europe/Berlin",
                    "organization_id": None,
                    "default_group_id": agent.team.number,
                    "ticket_restriction": None,
                }
            )
        for person in self.world.people:
            if person.since > self.clock:
                continue
            rows.append(
                {
                    "_at": person.since,
                    "id": _PERSON + person.number,
                    "name": person.name,
                    "email": person.email,
                    "created_at": iso(person.since),
                    "updated_at": iso(person.since),
                    "role": "end-user",
                    "active": True,
                    "suspended": False,
                    "time_zone": "Berlin",
                    "iana_time_zone": "Europe/Berlin",
                    "default_group_id": None,
                    "organization_id": _COMPANY + person.company.number if person.company else None,
                    "locale": language_of(person),
                    "tags": [],
                    "user_fields": {"member": is_member(person)},
                }
            )
        return self._stamped(rows)

    def _organizations(self) -> list[_ROW]:
        return self._stamped(
            {
                "_at": c.since,
                "id": _COMPANY + c.number,
                "name": c.name,
                "domain_names": [c.domain],
                "deleted_at": None,
                "created_at": iso(c.since),
                "updated_at": iso(c.since),
                "group_id": None,
                "tags": [],
                "organization_fields": {
                    "country": c.country,
                    "plan": plan_of(c),
                    "seats": seats_of(c),
                },
            }
            for c in self.world.companies
            if c.since <= self.clock
        )

    def _event_export(self, asked: Request) -> Response:
        rows = self._keep(
            "events", lambda: self._stamped(e for t in self._visible() for e in self._audits(t))
        )
        if "comment_events" not in asked.query.get("include", ""):
            rows = [
                {
                    **r,
                    "child_events": [c for c in r["child_events"] if c["event_type"] != "Comment"],
                }
                for r in rows
            ]
        return self._time_export(asked, "ticket_events", rows)

    def _audits(self, ticket: Ticket) -> list[_ROW]:
        """Changes and comments of one instant are one event with children."""
        instants: dict[datetime, list[_ROW]] = {}
        for place, change in enumerate(ticket.changes_until(self.clock)):
            name = {"team": "group_id", "assignee": "assignee_id"}.get(change.field, change.field)
            child: _ROW = {
                "id": ticket.number * 1000 + place,
                "event_type": "Create" if change.at == ticket.created_at else "Change",
                name: self._raw(change.field, change.after),
                "via": "Web form",
                "via_reference_id": None,
            }
            if change.at != ticket.created_at:
                child["previous_value"] = self._raw(change.field, change.before)
            instants.setdefault(change.at, []).append({**child, "_actor": change.actor})
            if change.field == "team":
                moved = self._moved(ticket, change, place)
                instants[change.at] += [moved] if moved else []
        for place, change in enumerate(reason_changes(ticket)):
            if change.at <= self.clock:
                instants.setdefault(change.at, []).append(_reason_event(ticket, change, place))
        for place, note in enumerate(ticket.notes_until(self.clock)):
            author = (_AGENT if note.role == "agent" else _PERSON) + note.author
            instants.setdefault(note.at, []).append(
                {
                    "id": ticket.number * 1000 + 500 + place,
                    "event_type": "Comment",
                    "type": "Comment",
                    "author_id": author,
                    "public": note.is_public,
                    "body": note.text,
                    "html_body": f"<p>{note.text}</p>",
                    "attachments": [],
                    "via": {"channel": ticket.channel},
                    "_actor": 0,
                }
            )
        return [
            {
                "_at": at,
                "id": ticket.number * 1000 + 900 + place,
                "ticket_id": ticket.number,
                "timestamp": int(at.timestamp()),
                "created_at": iso(at),
                "updater_id": next((_AGENT + c["_actor"] for c in children if c["_actor"]), 0),
                "via": "Web form",
                "system": {"client": "x"},
                "event_type": "Audit",
                "child_events": [{k: v for k, v in c.items() if k != "_actor"} for c in children],
            }
            for place, (at, children) in enumerate(sorted(instants.items()))
        ]

    def _moved(self, ticket: Ticket, change: Change, place: int) -> _ROW | None:
        """The assignment of another schedule, which follows the team."""
        before, after = self.world.promised(change.before), self.world.promised(change.after)
        if before is after:
            return None
        return {
            "id": ticket.number * 1000 + 300 + place,
            "event_type": "ScheduleAssignment",
            "previous_schedule_id": _SCHEDULE + before.number,
            "new_schedule_id": _SCHEDULE + after.number,
            "_actor": change.actor,
        }

    def _raw(self, name: str, value: str | None) -> Any:
        if value is None or name in {"status", "priority"}:
            return value
        return int(value) if name == "team" else _AGENT + int(value)

    def _metric_events(self) -> list[_ROW]:
        rows: list[_ROW] = self._keep(
            "metric_events",
            lambda: self._stamped(
                e for t in self._visible() for e in self._clocks(t) if e["_at"] <= self.clock
            ),
        )
        return rows

    def _clocks(self, ticket: Ticket) -> list[_ROW]:
        statuses = [c for c in ticket.changes if c.field == "status"]
        reply = next((n.at for n in ticket.notes if n.role == "agent" and n.is_public), None)
        solved = next((c.at for c in statuses if c.after in {"solved", "closed"}), None)
        rows: list[_ROW] = []
        for offset, metric, minutes, done in (
            (600, "reply_time", FIRST_REPLY_MINUTES[ticket.priority], reply),
            (650, "resolution_time", RESOLUTION_MINUTES[ticket.priority], solved),
        ):
            hours = self.world.schedule_at(ticket, done or ticket.changes[-1].at)
            due = hours.after(ticket.created_at, minutes * 60)
            events: list[tuple[str, datetime]] = [
                ("activate", ticket.created_at),
                ("apply_sla", ticket.created_at),
            ]
            if done is None or done > due:
                events.append(("breach", due))
            if done is not None:
                events.append(("fulfill", done))
            for place, (kind, at) in enumerate(events):
                row: _ROW = {
                    "_at": at,
                    "id": ticket.number * 1000 + offset + place,
                    "ticket_id": ticket.number,
                    "metric": metric,
                    "instance_id": 1,
                    "type": kind,
                    "time": iso(at),
                }
                if kind == "apply_sla":
                    row["sla"] = {
                        "target": minutes,
                        "business_hours": True,
                        "policy": {"id": 25, "title": "Standard", "description": None},
                    }
                if kind == "breach":
                    row["deleted"] = False
                rows.append(row)
        return rows

    def _ratings(self, asked: Request) -> Response:
        low = int(asked.query.get("start_time", "0"))
        high = int(asked.query.get("end_time", str(2**40)))
        rows = [
            r
            for r in self._keep("ratings", self._make_ratings)
            if not self.newer_csat and low <= r["_at"].timestamp() < high
        ]
        return self._cbp(asked, "satisfaction_ratings", rows)

    def _survey_responses(self, asked: Request) -> Response:
        if int(asked.query.get("page[size]", "50")) > 50:
            title, message = "Invalid attribute", "page[size] must be less than or equal to 50"
            return Response({"error": {"title": title, "message": message}}, 400)
        if not self.newer_csat:
            return self.forbidden()
        since = int(asked.query.get("filter[created_at_start]", "0")) / 1000  # milliseconds
        answered = [
            _survey_response(r)
            for r in self._make_ratings()
            if r["score"] in {"good", "bad"} and r["_at"].timestamp() >= since
        ]
        return self._cbp(asked, "survey_responses", answered)

    def _make_ratings(self) -> list[_ROW]:
        rows = []
        for ticket in self._visible():
            rating = ticket.rating
            if rating is None or rating.offered_at > self.clock or self._is_deleted(ticket):
                continue
            answered = rating.answered_at is not None and rating.answered_at <= self.clock
            at = rating.answered_at if answered and rating.answered_at else rating.offered_at
            assignee = ticket.value_at("assignee", at)
            team = ticket.value_at("team", at)
            rows.append(
                {
                    "_at": rating.offered_at,
                    "id": ticket.number + 1,
                    "url": "",
                    "ticket_id": ticket.number,
                    "assignee_id": _AGENT + int(assignee) if assignee else None,
                    "group_id": int(team) if team else None,
                    "requester_id": _PERSON + ticket.requester.number,
                    "score": _score(rating.score) if answered else "offered",
                    "comment": None,
                    "reason": None,
                    "reason_id": 0,
                    "created_at": iso(rating.offered_at),
                    "updated_at": iso(at),
                }
            )
        return sorted(rows, key=lambda r: (r["_at"], r["id"]))

    def _groups(self) -> list[_ROW]:
        return [
            {
                "id": t.number,
                "name": t.name,
                "deleted": False,
                "default": place == 0,
                "created_at": _MADE,
                "updated_at": _MADE,
            }
            for place, t in enumerate(self._teams)
        ]

    def _memberships(self) -> list[_ROW]:
        return [
            {
                "id": 500 + a.number,
                "user_id": _AGENT + a.number,
                "group_id": a.team.number,
                "default": True,
                "created_at": _MADE,
                "updated_at": _MADE,
            }
            for a in self._agents
            if a.works_on(self.clock.date())
        ]

    def _schedules(self) -> list[_ROW]:
        zones = {"Europe/Berlin": "Berlin", "America/New_York": "Eastern Time (US & Canada)"}
        return [
            {
                "id": _SCHEDULE + s.number,
                "name": s.name,
                "time_zone": zones[s.zone],
                "created_at": _MADE,
                "updated_at": _MADE,
                "intervals": [{"start_time": low, "end_time": high} for low, high in s.week],
            }
            for s in SCHEDULES
        ]

    def _holidays(self, number: int) -> list[_ROW]:
        schedule = next(s for s in SCHEDULES if _SCHEDULE + s.number == number)
        closed = schedule.holidays_of(self.world.first, self.world.last)
        return [
            {
                "id": number * 10_000 + place,
                "name": "Public holiday",
                "start_date": d.isoformat(),
                "end_date": d.isoformat(),
            }
            for place, d in enumerate(closed)
        ]

    def _policies(self) -> list[_ROW]:
        metrics = [
            {
                "priority": p,
                "metric": m,
                "target": t,
                "business_hours": True,
            }
            for m, table in (
                ("first_reply_time", FIRST_REPLY_MINUTES),
                ("total_resolution_time", RESOLUTION_MINUTES),
            )
            for p, t in table.items()
        ]
        return [
            {
                "id": 25,
                "title": "Standard",
                "position": 1,
                "filter": {"all": [], "any": []},
                "policy_metrics": metrics,
                "created_at": _MADE,
                "updated_at": _MADE,
            }
        ]

    def _group_policies(self) -> list[_ROW]:
        metrics = [
            {
                "priority": p,
                "metric": "group_ownership_time",
                "target": t * 2,
                "business_hours": True,
            }
            for p, t in FIRST_REPLY_MINUTES.items()
        ]
        return [
            {
                "id": "01HZFPZT46W1GAYM9X9ZFF10A1",
                "title": "Ownership",
                "description": "",
                "position": 1,
                "filter": {"all": []},
                "policy_metrics": metrics,
                "created_at": _MADE,
                "updated_at": _MADE,
            }
        ]

    def _statuses(self) -> list[_ROW]:
        labels = {
            5160: ("new", "New"),
            5161: ("open", "Open"),
            5162: ("pending", "Waiting for customer"),
            5163: ("hold", "Waiting for warehouse"),
            5164: ("solved", "Solved"),
        }
        return [
            {
                "id": i,
                "status_category": c,
                "agent_label": l,
                "active": True,
                "default": True,
            }
            for i, (c, l) in labels.items()
        ]

    def _deleted(self) -> list[_ROW]:
        month = self.clock - timedelta(days=30)
        return [
            {
                "id": t.number,
                "subject": t.topic,
                "deleted_at": iso(t.deleted_at),
                "previous_state": "open",
                "actor": {"id": 1, "name": "ETL"},
            }
            for t in self._visible()
            if t.deleted_at and month <= t.deleted_at <= self.clock
        ]

    def _one_ticket(self, asked: Request, number: int, child: str) -> Response:
        ticket = next(
            (t for t in self._visible() if t.number == number and not self._is_deleted(t)), None
        )
        if ticket is None:
            return self._gone()
        if not child:
            return Response({"ticket": _clean(self._ticket_row(ticket), ("metric_set",))})
        if child == "comments":
            rows = [
                {
                    "id": c["id"],
                    "type": "Comment",
                    "author_id": c["author_id"],
                    "public": c["public"],
                    "body": c["body"],
                    "plain_body": c["body"],
                    "html_body": c["html_body"],
                    "attachments": [],
                    "via": c["via"],
                    "created_at": e["created_at"],
                }
                for e in self._audits(ticket)
                for c in e["child_events"]
                if c["event_type"] == "Comment"
            ]
            return self._cbp(asked, "comments", rows)
        if child == "audits":
            return self._cbp(
                asked,
                "audits",
                [
                    {
                        "id": e["id"],
                        "ticket_id": number,
                        "created_at": e["created_at"],
                        "author_id": e["updater_id"],
                        "via": {"channel": "web"},
                        "metadata": {},
                        "events": [_audit_event(c) for c in e["child_events"]],
                    }
                    for e in self._audits(ticket)
                ],
            )
        return self._gone()


def _field(
    number: int,
    kind: str,
    title: str,
    options: dict[str, str],
    key: str | None = None,
) -> _ROW:
    """A field of an account's list."""
    row: _ROW = {
        "id": number,
        "type": kind,
        "key": key,
        "title": title,
        "raw_title": title,
        "description": "",
        "raw_description": "",
        "position": 9999,
        "active": True,
        "regexp_for_validation": None,
        "created_at": _MADE,
        "updated_at": _MADE,
    }
    if options:
        row["custom_field_options"] = [
            {
                "id": number * 100 + place,
                "name": name,
                "raw_name": name,
                "value": value,
            }
            for place, (value, name) in enumerate(options.items(), 1)
        ]
    return row


def _ticket_fields() -> list[_ROW]:
    """Fields of the account, and two of those that every account has."""
    return [
        _field(360_002_833_001, "subject", "Subject", {}),
        _field(360_002_833_002, "status", "Status", {}),
        *(_field(*one) for one in _TICKET_FIELDS),
    ]


def _organization_fields() -> list[_ROW]:
    return [
        _field(601, "text", "Country", {}, "country"),
        _field(602, "dropdown", "Plan", dict(PLANS), "plan"),
        _field(603, "integer", "Seats", {}, "seats"),
    ]


def _form_id(ticket: Ticket) -> int | None:
    form = form_of(ticket)
    return _FORM + form if form else None


def _custom_fields(ticket: Ticket, now: datetime) -> list[_ROW]:
    """The values of a ticket's fields; empty ones are there and null."""
    bought = bought_on(ticket)
    values = (
        reason_at(ticket, now),
        order_number_of(ticket),
        order_value_of(ticket),
        bought.isoformat() if bought else None,
        is_under_warranty(ticket),
        products_of(ticket) or None,
    )
    return [{"id": _REASON + place, "value": value} for place, value in enumerate(values)]


def _brands() -> list[_ROW]:
    return [
        {
            "id": _BRAND + number,
            "name": name,
            "active": True,
            "default": number == 1,
            "is_deleted": False,
            "ticket_form_ids": [_FORM + form for form in FORMS],
            "created_at": _MADE,
            "updated_at": _MADE,
        }
        for number, name in BRANDS.items()
    ]


def _forms() -> list[_ROW]:
    return [
        {
            "id": _FORM + number,
            "name": name,
            "display_name": name,
            "position": number,
            "active": True,
            "default": number == 1,
            "ticket_field_ids": [one[0] for one in _TICKET_FIELDS],
            "in_all_brands": True,
            "restricted_brand_ids": [],
            "created_at": _MADE,
            "updated_at": _MADE,
        }
        for number, name in FORMS.items()
    ]


def _reason_event(
    ticket: Ticket,
    change: Change,
    place: int,
) -> _ROW:
    """A change of the contact reason, by the id of its field."""
    return {
        "id": ticket.number * 1000 + 400 + place,
        "event_type": "Change",
        "custom_ticket_fields": {str(_REASON): change.after},
        "previous_value": change.before,
        "via": "Web form",
        "via_reference_id": None,
        "_actor": change.actor,
    }


def _audit_event(child: _ROW) -> _ROW:
    if child["event_type"] == "Comment":
        return {
            "id": child["id"],
            "type": "Comment",
            "public": child["public"],
            "author_id": child["author_id"],
            "body": child["body"],
            "html_body": child["html_body"],
            "attachments": [],
        }
    if "custom_ticket_fields" in child:
        ((number, value),) = child["custom_ticket_fields"].items()
        return {
            "id": child["id"],
            "type": child["event_type"],
            "field_name": number,
            "value": value,
            "previous_value": child["previous_value"],
        }
    name = next((k for k in ("status", "assignee_id", "group_id", "priority") if k in child), None)
    if name is None:
        return {**child, "type": child["event_type"]}
    return {
        "id": child["id"],
        "type": child["event_type"],
        "field_name": name,
        "value": child[name],
        "previous_value": child.get("previous_value"),
    }


def _survey_response(rating: _ROW) -> _ROW:
    """A rating as the answer to a survey with three choices."""
    number, at = rating["ticket_id"], rating["updated_at"]
    answer = {
        "type": "rating_scale",
        "rating": 3 if rating["score"] == "good" else 2,
        "rating_category": rating["score"],
        "created_at": at,
        "updated_at": at,
    }
    return {
        "id": f"01R{number}",
        "answers": [answer],
        "responder_id": rating["requester_id"],
        "survey": {"id": "01SURVEY", "version": 1, "state": "enabled"},
        "subjects": [{"id": str(number), "type": "ticket", "zrn": f"zen:ticket:{number}"}],
    }


def _score(value: int | None) -> str:
    return "good" if value is not None and value >= 4 else "bad"


def _spans(statuses: Sequence[Change], among: set[str]) -> list[tuple[datetime, datetime]]:
    """The ended spans in some statuses."""
    return [
        (change.at, following.at)
        for change, following in itertools.pairwise(statuses)
        if change.after in among
    ]


def _clean(row: _ROW, drop: tuple[str, ...] = ()) -> _ROW:
    return {k: v for k, v in row.items() if not k.startswith("_") and k not in drop}


def _first_after(rows: Sequence[_ROW], after: tuple[Any, ...]) -> int:
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if (int(rows[middle]["_at"].timestamp()), rows[middle]["id"]) <= after:
            low = middle + 1
        else:
            high = middle
    return low
