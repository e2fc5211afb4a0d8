"""Fake Intercom, from Intercom's API description 2.16: conversations with their parts, Unix
seconds, POST searches.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tasks.sandbox.desk import Desk, DeskAccount, Row, seconds
from tasks.sandbox.fake import Request, Response, page_of
from tasks.sandbox.own_fields import (
    BRANDS,
    PLANS,
    REASONS,
    bought_on,
    brand_of,
    is_member,
    is_under_warranty,
    language_of,
    order_number_of,
    order_value_of,
    plan_of,
    reason_at,
    reason_changes,
    seats_of,
    tags_of,
)
from tasks.sandbox.story import ALWAYS, BERLIN, NEW_YORK, Schedule, Ticket
from tasks.sandbox.world import World

_STATE = {
    "new": "open",
    "open": "open",
    "pending": "snoozed",
    "hold": "snoozed",
    "solved": "closed",
    "closed": "closed",
}
_SOURCE = {
    "email": "email",
    "web": "conversation",
    "chat": "conversation",
    "api": "conversation",
}
_PRIORITY = {
    "low": "low",
    "normal": "medium",
    "high": "high",
    "urgent": "urgent",
}
_EVERY_YEAR = {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}
_ADMIN, _TEAM = 814_000, 9_000
_HOURS = 122
_TAGS = {name: str(7_800_200 + n) for n, name in enumerate(("vip", "warranty", "returning", "app"))}
_MADE = 1_704_412_800  # of lists and settings


_Step = tuple[datetime, int, Row]  # instant, place within it, conversation part


class Intercom(Desk):
    """A workspace. A conversation gives its newest `most_parts` parts."""

    schedules = (BERLIN, NEW_YORK, ALWAYS)

    def __init__(
        self,
        world: World,
        *,
        clock: Any = None,
        token: str = "intercom-demo-token",
        tickets: Any = None,
    ) -> None:
        super().__init__(world, clock=clock, tickets=tickets)
        self._token = token
        self.most_parts = 500
        self.per_page = 150

    def _error(self, status: int, code: str, message: str) -> Response:
        return Response(
            {
                "type": "error.list",
                "request_id": "b68",
                "errors": [
                    {
                        "code": code,
                        "message": message,
                        "field": None,
                    }
                ],
            },
            status,
        )

    def unauthorized(self) -> Response:
        return self._error(401, "unauthorized", "Access Token Invalid")

    def throttled(self) -> Response:
        reply = self._error(429, "rate_limit_exceeded", "Exceeded rate limit of 167 in 10_seconds")
        return Response(
            reply.content,
            429,
            {
                "x-ratelimit-limit": "167",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": str(int(self.clock.timestamp())),
            },
        )

    def forbidden(self) -> Response:
        return self._error(403, "api_plan_restricted", "Active subscription needed.")

    def answer(self, asked: Request) -> Response:
        if asked.bearer() != self._token:
            return self.unauthorized()
        if asked.headers.get("intercom-version") != "2.16":
            return self._error(
                400, "intercom_version_invalid", "The requested version does not have these fields"
            )
        parts = asked.path.strip("/").split("/")
        routes: dict[str, Callable[[Request], Response]] = {
            "me": lambda a: Response(
                {"type": "admin", "id": "1", "email": "etl@alderfinch.example"}
            ),
            "conversations/search": lambda a: self._search(
                a, "conversation.list", "conversations", self._conversations()
            ),
            "conversations/deleted": self._deleted,
            "conversations/attributes": lambda a: Response(
                {"type": "list", "data": _CONVERSATION_ATTRIBUTES}
            ),
            "data_attributes": lambda a: Response(
                {"type": "list", "data": _DATA_ATTRIBUTES[a.query["model"]]}
            ),
            "tags": lambda a: Response(
                {
                    "type": "list",
                    "data": [{"type": "tag", "id": i, "name": n} for n, i in _TAGS.items()],
                }
            ),
            "contacts/search": lambda a: self._search(
                a, "list", "data", self._contacts(), by_day=True
            ),
            "admins": lambda a: Response({"type": "admin.list", "admins": self._admins()}),
            "teams": lambda a: Response({"type": "team.list", "teams": self._teams()}),
            "companies/scroll": self._companies,
            "office_hours_schedules": lambda a: Response(
                {
                    "type": "office_hours_schedule.list",
                    "data": [_week(s) for s in self.schedules],
                }
            ),
        }
        if "/".join(parts) in routes:
            return routes["/".join(parts)](asked)
        if parts[0] == "office_hours_schedules" and parts[-1] == "office_hours_exceptions":
            rows = self._exceptions(int(parts[1]) - _HOURS)
            return Response({"type": "office_hours_exception.list", "data": rows})
        if parts[0] == "conversations" and len(parts) == 2:
            found = [t for t in self.alive() if str(t.number) == parts[1]]
            return (
                Response(self._conversation(found[0], with_parts=True))
                if found
                else self._error(404, "conversation_not_found", "Conversation not found")
            )
        return self._error(404, "not_found", "Resource not found")

    def _search(
        self, asked: Request, kind: str, name: str, rows: list[Row], *, by_day: bool = False
    ) -> Response:
        body = asked.json()
        query = body["query"]
        for one in query["value"] if query["operator"] in {"AND", "OR"} else [query]:
            if one["field"] != "updated_at" or one["operator"] not in {">", "<"}:
                return self._error(400, "parameter_invalid", "Invalid field or operator")
            bound = (
                int(one["value"]) // 86_400 * 86_400 + (86_399 if one["operator"] == ">" else 0)
                if by_day
                else int(one["value"])
            )
            rows = [
                r
                for r in rows
                if (r["updated_at"] > bound if one["operator"] == ">" else r["updated_at"] < bound)
            ]
        given = body.get("pagination") or {}
        size = min(int(given.get("per_page", 20)), self.per_page)
        start = int(base64.b64decode(given["starting_after"])) if given.get("starting_after") else 0
        rows = sorted(
            rows, key=lambda r: (-r["updated_at"], r["id"])
        )  # newest first, whatever is asked
        page, more = page_of(rows, start, size)
        pages: Row = {
            "type": "pages",
            "page": start // size + 1,
            "per_page": size,
            "total_pages": -(-len(rows) // size),
        }
        if more:
            pages["next"] = {
                "per_page": size,
                "starting_after": base64.b64encode(str(start + size).encode()).decode(),
            }
        return Response(
            {
                "type": kind,
                name: list(page),
                "total_count": len(rows),
                "pages": pages,
            }
        )

    def _conversations(self) -> list[Row]:
        found: list[Row] = self._keep(
            "conversations", lambda: [self._conversation(t) for t in self.alive()]
        )
        return found

    def _conversation(self, t: Ticket, *, with_parts: bool = False) -> Row:
        contact = {"type": "contact", "id": f"p{t.requester.number}", "external_id": None}
        row: Row = {
            "type": "conversation",
            "id": str(t.number),
            "title": None,
            "created_at": seconds(t.created_at),
            "updated_at": seconds(self.updated_at(t)),
            "waiting_since": None,
            "snoozed_until": None,
            **self._state(t),
            "source": self._source(t),
            "contacts": {"type": "contact.list", "contacts": [contact]},
            "teammates": {"type": "admin.list", "teammates": []},
            "tags": {
                "type": "tag.list",
                "tags": [{"type": "tag", "id": _TAGS[name], "name": name} for name in tags_of(t)],
            },
            "custom_attributes": self._attributes(t),
            "conversation_rating": self._rating(t, contact),
            "sla_applied": None,
            "statistics": self._statistics(t),
            "ai_agent_participated": False,
            "ai_agent": None,
        }
        if with_parts:
            parts = self._parts(t)
            row["conversation_parts"] = {
                "type": "conversation_part.list",
                "total_count": len(parts),
                "conversation_parts": parts[-self.most_parts :],
            }
        return row

    def _attributes(self, t: Ticket) -> Row:
        """Attributes that have a value; Intercom itself fills brand and language."""
        reason, bought = reason_at(t, self.clock), bought_on(t)
        values = {
            "Brand": BRANDS[brand_of(t)],
            "Language": language_of(t.requester),
            "Contact reason": REASONS[reason] if reason else None,
            "Order number": order_number_of(t),
            "Order value": order_value_of(t),
            "Bought on": bought.isoformat() if bought else None,
            "Under warranty": is_under_warranty(t),
        }
        return {name: value for name, value in values.items() if value is not None}

    def _state(self, t: Ticket) -> Row:
        state = _STATE[t.value_at("status", self.clock) or "new"]
        agent = t.value_at("assignee", self.clock)
        team = t.value_at("team", self.clock)
        return {
            "open": state == "open",
            "state": state,
            "read": True,
            "priority": _PRIORITY[t.value_at("priority", self.clock) or "normal"],
            "admin_assignee_id": _ADMIN + int(agent) if agent else 0,
            "team_assignee_id": str(_TEAM + int(team)) if team else None,
        }

    def _source(self, t: Ticket) -> Row:
        return {
            "type": _SOURCE[t.channel],
            "id": f"s{t.number}",
            "delivered_as": "customer_initiated",
            "subject": t.topic,
            "body": f"<p>{self.notes(t)[0].text}</p>",
            "author": {
                "type": "user",
                "id": f"p{t.requester.number}",
                "name": t.requester.name,
                "email": t.requester.email,
            },
            "attachments": [],
            "redacted": False,
        }

    def _statistics(self, t: Ticket) -> Row:
        solved, replied, solves = self.solved_at(t), self.first_reply_at(t), self.solves(t)
        return {
            "type": "conversation_statistics",
            "time_to_admin_reply": self._in_hours(t, replied),
            "time_to_first_close": self._in_hours(t, solves[0] if solves else None),
            "time_to_last_close": self._in_hours(t, solves[-1] if solves else None),
            "first_admin_reply_at": seconds(replied),
            "first_close_at": seconds(solves[0] if solves else None),
            "last_close_at": seconds(solves[-1] if solves else None),
            "count_reopens": len(solves) - 1 + (not solved) if solves else 0,
            "handling_time": t.minutes_worked * 60 if solved and t.minutes_worked else None,
            "adjusted_handling_time": None,
        }

    def _in_hours(self, t: Ticket, end: datetime | None) -> int | None:
        """Seconds within office hours since the creation."""
        return int(self.hours(t).open_seconds(t.created_at, end)) if end else None

    def _rating(self, t: Ticket, contact: Row) -> Row | None:
        rating = t.rating
        if not rating or rating.offered_at > self.clock:
            return None
        answered = (
            rating.answered_at if rating.answered_at and rating.answered_at <= self.clock else None
        )
        agent = t.value_at("assignee", self.clock)
        return {
            "rating": rating.score if answered else None,
            "remark": None,
            "created_at": seconds(rating.offered_at),
            "updated_at": seconds(answered or rating.offered_at),
            "contact": contact,
            "teammate": {"type": "admin", "id": str(_ADMIN + int(agent))} if agent else None,
        }

    def _parts(self, t: Ticket) -> list[Row]:
        changes = list(self._changes(t))
        state = changes[-1][2]["state"] if changes else "open"
        steps = [*changes, *self._comments(t, state), *self._corrections(t, state)]
        steps.sort(key=lambda s: (s[0], s[1]))
        return [
            {
                "type": "conversation_part",
                "id": str(t.number * 1000 + i),
                **row,
                "created_at": seconds(at),
                "updated_at": seconds(at),
                "notified_at": seconds(at),
                "attachments": [],
                "external_id": None,
                "redacted": False,
                "tags": None,
                "event_details": row.get("event_details"),
            }
            for i, (at, _, row) in enumerate(steps, 1)
        ]

    def _changes(self, t: Ticket) -> Iterator[_Step]:
        state = "open"
        for c in t.changes_until(self.clock):
            part: Row | None = None
            if c.field == "status" and _STATE[str(c.after)] != state:
                before, state = state, _STATE[str(c.after)]
                opened = "open" if before == "closed" else "unsnoozed"
                kind = {
                    "closed": "close",
                    "snoozed": "snoozed",
                    "open": opened,
                }[state]
                part = {"part_type": kind, "assigned_to": None, "state": state}
            elif c.field in {"assignee", "team"} and c.after:
                holder, base = ("admin", _ADMIN) if c.field == "assignee" else ("team", _TEAM)
                assigned = {"type": holder, "id": str(base + int(c.after))}
                part = {"part_type": "assignment", "assigned_to": assigned, "state": state}
            if part:
                yield (
                    c.at,
                    1,
                    {
                        **part,
                        "body": None,
                        "author": _author(c.actor),
                    },
                )

    def _corrections(self, t: Ticket, state: str) -> Iterator[_Step]:
        """Changes of the contact reason, by the name of the attribute."""
        for c in reason_changes(t):
            if c.at <= self.clock:
                part = {
                    "part_type": "conversation_attribute_updated_by_admin",
                    "body": None,
                    "assigned_to": None,
                    "author": _author(c.actor),
                    "state": state,
                    "event_details": {
                        "attribute": {"name": "Contact reason"},
                        "value": {
                            "name": REASONS[str(c.after)],
                            "previous": REASONS[c.before] if c.before else None,
                        },
                    },
                }
                yield c.at, 2, part

    def _comments(self, t: Ticket, state: str) -> Iterator[_Step]:
        for n in self.notes(t)[1:]:
            author: Row = (
                {
                    "type": "admin",
                    "id": str(_ADMIN + n.author),
                    "from_ai_agent": False,
                }
                if n.role == "agent"
                else {"type": "user", "id": f"p{n.author}"}
            )
            part = {
                "part_type": "comment" if n.is_public else "note",
                "body": n.text,
                "assigned_to": None,
                "author": author,
                "state": state,
            }
            yield n.at, 0, part

    def _deleted(self, asked: Request) -> Response:
        rows = [
            {
                "type": "conversation",
                "id": str(t.number),
                "metrics_retained": True,
                "deleted_at": seconds(t.deleted_at),
            }
            for t in self.visible()
            if self.is_deleted(t)
        ]
        size = min(int(asked.query.get("per_page", "20")), 60)
        page = int(asked.query.get("page", "1"))
        found, more = page_of(sorted(rows, key=lambda r: -r["deleted_at"]), (page - 1) * size, size)
        link = (
            f"{self.base_url}/conversations/deleted?page={page + 1}&per_page={size}&order=desc"
            if more
            else None
        )
        return Response(
            {
                "type": "conversations.list",
                "conversations": list(found),
                "total_count": len(rows),
                "pages": {
                    "type": "pages",
                    "page": page,
                    "next": link,
                    "per_page": size,
                    "total_pages": -(-len(rows) // size),
                },
            }
        )

    def _admins(self) -> list[Row]:
        operator: Row = {
            "type": "admin",
            "id": str(_ADMIN - 1),
            "name": "Operator",
            "email": "operator+alderfinch@intercom.io",
            "job_title": None,
            "away_mode_enabled": False,
            "has_inbox_seat": False,
            "team_ids": [],
            "avatar": None,
        }
        return [operator, *self._persons()]

    def _persons(self) -> list[Row]:
        return [
            {
                "type": "admin",
                "id": str(_ADMIN + a.number),
                "name": a.name,
                "email": a.email,
                "job_title": None,
                "away_mode_enabled": False,
                "has_inbox_seat": self.is_here(a),
                "team_ids": [_TEAM + a.team.number],
                "avatar": None,
            }
            for a in self.agents()
        ]

    def _teams(self) -> list[Row]:
        return [
            {
                "type": "team",
                "id": str(_TEAM + t.number),
                "name": t.name,
                "admin_ids": [_ADMIN + a.number for a in self.agents() if a.team is t],
            }
            for t in self.teams
        ]

    def _contacts(self) -> list[Row]:
        return [
            {
                "type": "contact",
                "id": f"p{p.number}",
                "external_id": None,
                "role": "user",
                "email": p.email,
                "name": p.name,
                "created_at": seconds(p.since),
                "updated_at": seconds(p.since),
                "language_override": language_of(p),
                "custom_attributes": {"member": is_member(p)},
                "companies": {
                    "type": "list",
                    "data": (
                        [{"id": f"co{p.company.number}", "type": "company"}] if p.company else []
                    ),
                    "has_more": False,
                },
            }
            for p in self.people()
        ]

    def _companies(self, asked: Request) -> Response:
        rows: Sequence[Row] = [
            {
                "type": "company",
                "id": f"co{c.number}",
                "company_id": f"c-{c.number}",
                "name": c.name,
                "website": c.domain,
                "created_at": seconds(c.since),
                "updated_at": seconds(c.since),
                "plan": {"type": "plan", "id": plan_of(c), "name": PLANS[plan_of(c)]},
                "tags": {"type": "tag.list", "tags": []},
                "custom_attributes": {"seats": seats_of(c)},
            }
            for c in self.companies()
        ]
        if "scroll_param" not in asked.query:
            self._scrolled = 0
        elif asked.query["scroll_param"] != "scroll-1":
            return self._error(404, "not_found", "scroll parameter not found")
        page, _ = page_of(rows, self._scrolled, 25)
        self._scrolled += len(page)
        return Response(
            {
                "type": "list",
                "data": list(page),
                "pages": None,
                "total_count": len(rows),
                "scroll_param": "scroll-1",
            }
        )

    def _exceptions(self, number: int) -> list[Row]:
        """Feasts of the same date every year are told once, as recurring from their first day."""
        told: dict[Any, bool] = {}
        schedule = next(s for s in self.schedules if s.number == number)
        for day in schedule.holidays_of(self.world.first, self.world.last):
            recurs = schedule is BERLIN and (day.month, day.day) in _EVERY_YEAR
            if not recurs or not any(
                again and (d.month, d.day) == (day.month, day.day) for d, again in told.items()
            ):
                told[day] = recurs
        return [
            {
                "type": "office_hours_exception",
                "id": str(n) if schedule is BERLIN else f"{number}{n:03}",
                "office_hours_schedule_id": str(_HOURS + number),
                "exception_date": d.isoformat(),
                "exception_type": "closed",
                "name": "Public holiday",
                "time_intervals": None,
                "recurring_annually": recurs,
                "created_at": 1717200000,
                "updated_at": 1717200000,
            }
            for n, (d, recurs) in enumerate(told.items())
        ]


def _author(actor: int | None) -> Row:
    if actor:
        return {"type": "admin", "id": str(_ADMIN + actor)}
    return {"type": "bot", "id": "278", "name": "Operator"}


def _week(schedule: Schedule) -> Row:
    """Office hours; the vendor counts from Monday, and one that never closes has no intervals."""
    never_closes = schedule.closes - schedule.opens == 24
    intervals = [
        {"start_minute": d * 1440 + 480, "end_minute": d * 1440 + 1080, "day_of_week": d}
        for d in range(0 if never_closes else 5)
    ]
    return {
        "type": "office_hours_schedule",
        "id": str(_HOURS + schedule.number),
        "name": schedule.name,
        "time_zone_name": schedule.zone,
        "twenty_four_seven": never_closes,
        "time_intervals": intervals,
        "created_at": 1717200000,
        "updated_at": 1717200000,
    }


def _attribute(number: int, name: str, kind: str, options: Sequence[str] = ()) -> Row:
    """An attribute of conversations."""
    row: Row = {
        "type": "conversation_attribute",
        "id": number,
        "name": name,
        "description": "",
        "data_type": kind,
        "required": False,
        "visible_to_team_ids": [],
        "archived": False,
        "created_at": _MADE,
        "updated_at": _MADE,
    }
    if options:
        row["options"] = [
            {"id": f"{number}-{place}", "label": label, "archived": False}
            for place, label in enumerate(options)
        ]
    return row


_CONVERSATION_ATTRIBUTES = [
    _attribute(1, "Contact reason", "list", list(REASONS.values())),
    _attribute(2, "Order number", "string"),
    _attribute(3, "Order value", "decimal"),
    _attribute(4, "Bought on", "datetime"),
    _attribute(5, "Under warranty", "boolean"),
]


def _data_attribute(
    model: str, name: str, kind: str, full_name: str = "", number: int | None = None
) -> Row:
    """An attribute of contacts or companies; those that every account has carry no id."""
    row: Row = {
        "type": "data_attribute",
        "name": name,
        "full_name": full_name or f"custom_attributes.{name}",
        "label": name.replace("_", " ").capitalize(),
        "description": "",
        "data_type": kind,
        "api_writable": True,
        "ui_writable": False,
        "messenger_writable": True,
        "custom": number is not None,
        "archived": False,
        "model": model,
    }
    own = {"id": number, "created_at": _MADE, "updated_at": _MADE}
    return row | own if number is not None else row


_DATA_ATTRIBUTES = {
    "contact": [
        _data_attribute("contact", "name", "string", "name"),
        _data_attribute("contact", "member", "boolean", number=11),
    ],
    "company": [
        _data_attribute("company", "name", "string", "name"),
        _data_attribute("company", "name", "string", "plan.name"),
        _data_attribute("company", "seats", "integer", number=21),
    ],
}


_CHOSEN: dict[str, Any] = {
    "contact_reason": "Contact reason",
    "brand": "brand",
    "tags": "tags",
    "plan": {"field": "plan.name", "of": "organization"},
    "language": {"field": "language", "of": "customer"},
}

SANDBOX = DeskAccount(
    Intercom,
    {
        "default_schedule": str(_HOURS + BERLIN.number),
        "team_schedules": {
            "Tier 1 Americas": str(_HOURS + NEW_YORK.number),
            "Tier 2": str(_HOURS + ALWAYS.number),
        },
        "fields": _CHOSEN,
    },
    {"access_token": "intercom-demo-token"},
)
