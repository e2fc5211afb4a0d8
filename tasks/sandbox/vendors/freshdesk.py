"""Fake Freshdesk v2, from developers.freshdesk.com: bare arrays, Link headers, 300 pages at most,
daily activity files.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.sandbox.desk import Desk, DeskAccount, Row, since
from tasks.sandbox.fake import Request, Response, iso, page_of
from tasks.sandbox.own_fields import (
    BRANDS,
    LANGUAGES,
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
    seats_of,
    tags_of,
)
from tasks.sandbox.story import (
    ALWAYS,
    BERLIN,
    FIRST_REPLY_MINUTES,
    NEW_YORK,
    RESOLUTION_MINUTES,
    Schedule,
    Ticket,
)
from tasks.sandbox.world import World

_STATUS = {
    "new": 2,
    "open": 2,
    "pending": 3,
    "hold": 6,
    "solved": 4,
    "closed": 5,
}
_LABEL = {
    2: "Open",
    3: "Pending",
    4: "Resolved",
    5: "Closed",
    6: "Waiting on Third Party",
}
_PRIORITY = {
    "low": 1,
    "normal": 2,
    "high": 3,
    "urgent": 4,
}
_SOURCE = {
    "email": 1,
    "web": 2,
    "chat": 7,
    "api": 2,
}
_SMILEYS = {
    5: 103,
    4: 101,
    3: 100,
    2: -101,
    1: -103,
}
_AGENT, _PERSON, _COMPANY, LAST_PAGE = 50_000, 100_000, 700_000, 300
_HOURS = 2
_PRODUCT = 67_000_001_000
_MADE = "2024-01-05T00:00:00Z"  # of settings and lists
_LANGUAGES = {"de": "German", "en": "English", "fr": "French", "sv": "Swedish"}
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


class Freshdesk(Desk):
    """A portal whose ticket list is cut at page `last_page`."""

    # the vendor lists no holidays: those of the account's country close every schedule
    schedules = (BERLIN, *(replace(s, country=BERLIN.country) for s in (NEW_YORK, ALWAYS)))

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        key: str = "freshdesk-demo-key",
        tickets: Any = None,
    ) -> None:
        super().__init__(world, clock=clock, tickets=tickets)
        self._key = key
        self.last_page, self.per_page = LAST_PAGE, 100

    def unauthorized(self) -> Response:
        return Response(
            {
                "code": "invalid_credentials",
                "message": "You have to be logged in to perform this action.",
            },
            401,
        )

    def throttled(self) -> Response:
        return Response(b"", 429, {"retry-after": "1", "x-ratelimit-remaining": "0"})

    def forbidden(self) -> Response:
        return Response(
            {
                "code": "require_feature",
                "message": "The Surveys feature(s) is/are not supported in your plan.",
            },
            403,
        )

    def _invalid(self, name: str) -> Response:
        return Response(
            {
                "description": "Validation failed",
                "errors": [
                    {
                        "field": name,
                        "message": "It should be a valid value",
                        "code": "invalid_value",
                    }
                ],
            },
            400,
        )

    def answer(self, asked: Request) -> Response:
        if asked.path.startswith("/files/"):
            return self._file(asked)
        if (asked.basic() or ("",))[0] != self._key:  # any password
            return self.unauthorized()
        parts = asked.path.removeprefix("/api/v2/").split("/")
        routes: dict[str, Callable[[Request], Response]] = {
            "agents/me": lambda a: Response(self._agents()[0]),
            "tickets": self._tickets,
            "agents": lambda a: self._paged(a, self._agents()),
            "groups": lambda a: self._paged(a, self._groups()),
            "contacts": lambda a: self._paged(a, self._since(a, self._contacts())),
            "companies": lambda a: self._paged(a, self._since(a, self._companies())),
            "sla_policies": lambda a: Response([self._policy(), self._former_policy()]),
            "business_hours": lambda a: Response([_week(s) for s in self.schedules]),
            "ticket_fields": lambda a: Response(_ticket_fields()),
            "contact_fields": lambda a: Response(_contact_fields()),
            "company_fields": lambda a: Response(_company_fields()),
            "surveys/satisfaction_ratings": self._ratings,
            "time_entries": self._time,
            "export/ticket_activities": self._activities,
        }
        if "/".join(parts) in routes:
            return routes["/".join(parts)](asked)
        if parts[0] == "groups" and len(parts) == 2:
            found_groups = [g for g in self._groups(with_members=True) if str(g["id"]) == parts[1]]
            return Response(found_groups[0]) if found_groups else Response(b"", 404)
        if parts[0] == "tickets" and parts[-1] == "conversations":
            found = [
                t for t in self.visible() if str(t.number) == parts[1] and not self.is_deleted(t)
            ]
            return (
                self._paged(asked, self._conversations(found[0])) if found else Response(b"", 404)
            )
        return Response(b"", 404)

    def _paged(self, asked: Request, rows: Sequence[Row]) -> Response:
        page = int(asked.query.get("page", "1"))
        size = min(int(asked.query.get("per_page", "30")), self.per_page)
        found, more = page_of(rows, (page - 1) * size, size)
        headers = (
            {"link": f'<{self.base_url}{asked.path}?page={page + 1}&per_page={size}>; rel="next"'}
            if more
            else {}
        )
        return Response(list(found), 200, headers)

    def _since(self, asked: Request, rows: list[Row], name: str = "updated_at") -> list[Row]:
        low = asked.query.get("updated_since", "")
        return [r for r in rows if r[name] >= low]

    def _tickets(self, asked: Request) -> Response:
        if int(asked.query.get("page", "1")) > self.last_page:
            return self._invalid("page")
        kind = asked.query.get("filter", "")
        rows = [
            self._ticket(t, asked.query.get("include", ""))
            for t in self.visible()
            if self.is_deleted(t) == (kind == "deleted")
        ]
        rows = [] if kind == "spam" else rows
        if "updated_since" in asked.query:
            rows = self._since(asked, rows)
        else:  # without it only the last 30 days are listed
            rows = [r for r in rows if r["created_at"] >= iso(self.clock - timedelta(days=30))]
        rows.sort(
            key=lambda r: (r["updated_at"], r["id"]),
            reverse=asked.query.get("order_type", "desc") == "desc",
        )
        return self._paged(asked, rows)

    def _ticket(self, t: Ticket, include: str = "") -> Row:
        status = _STATUS[t.value_at("status", self.clock) or "new"]
        agent = t.value_at("assignee", self.clock)
        team = t.value_at("team", self.clock)
        first = self.first_reply_at(t)
        solved = self.solved_at(t)
        due = self._due(t, RESOLUTION_MINUTES)
        first_due = self._due(t, FIRST_REPLY_MINUTES)
        row: Row = {
            "id": t.number,
            "subject": t.topic,
            "status": status,
            "priority": _PRIORITY[t.value_at("priority", self.clock) or "normal"],
            "source": _SOURCE[t.channel],
            "type": t.kind.title(),
            "requester_id": _PERSON + t.requester.number,
            "responder_id": _AGENT + int(agent) if agent else None,
            "group_id": int(team) if team else None,
            "company_id": _COMPANY + t.requester.company.number if t.requester.company else None,
            "product_id": _PRODUCT + brand_of(t),
            "email_config_id": None,
            "created_at": iso(t.created_at),
            "updated_at": iso(self.updated_at(t)),
            "due_by": due,
            "fr_due_by": first_due,
            "fr_escalated": (iso(first) if first else iso(self.clock)) > first_due,
            "is_escalated": bool((iso(solved) if solved else iso(self.clock)) > due),
            "spam": False,
            "tags": tags_of(t),
            "cc_emails": [],
            "custom_fields": self._custom_fields(t),
            "association_type": None,
        }
        if self.is_deleted(t):
            row["deleted"] = True
        if "stats" in include:
            row["stats"] = {
                "agent_responded_at": None,
                "requester_responded_at": None,
                "first_responded_at": iso(first) if first else None,
                "status_updated_at": iso(self.updated_at(t)),
                "reopened_at": None,
                "resolved_at": iso(solved) if solved else None,
                "closed_at": iso(solved) if solved and status == 5 else None,
                "pending_since": None,
            }
        return row

    def _custom_fields(self, t: Ticket) -> Row:
        """Every field of the account, empty ones too; a dropdown has the text of its choice."""
        reason, bought = reason_at(t, self.clock), bought_on(t)
        return {
            "cf_contact_reason": REASONS[reason] if reason else None,
            "cf_order_number": order_number_of(t),
            "cf_order_value": order_value_of(t),
            "cf_bought_on": bought.isoformat() if bought else None,
            "cf_under_warranty": is_under_warranty(t),
        }

    def _due(self, t: Ticket, minutes: dict[str, int]) -> str:
        return iso(self.hours(t).after(t.created_at, minutes[t.priority] * 60))

    def _conversations(self, t: Ticket) -> list[Row]:
        rows: list[Row] = [
            {
                "id": t.number * 100 + n,
                "ticket_id": t.number,
                "user_id": (_AGENT if note.role == "agent" else _PERSON) + note.author,
                "incoming": note.role == "customer",
                "private": not note.is_public,
                "source": 0 if note.is_public else 2,
                "category": 3 if note.is_public else 2,
                "auto_response": False,
                "automation_id": None,
                "automation_type_id": None,
                "body_text": note.text,
                "attachments": [],
                "created_at": iso(note.at),
                "updated_at": iso(note.at),
                "last_edited_at": None,
            }
            for n, note in enumerate(self.notes(t))
            if n > 0
        ]
        return rows + self._survey_comment(t)

    def _survey_comment(self, t: Ticket) -> list[Row]:
        """A rating's comment is a conversation too, of the same second."""
        if not t.rating or not t.rating.answered_at or t.rating.answered_at > self.clock:
            return []
        return [
            {
                "id": t.number * 100 + 99,
                "ticket_id": t.number,
                "user_id": _PERSON + t.requester.number,
                "incoming": True,
                "private": False,
                "source": 6,
                "category": 7,
                "auto_response": False,
                "automation_id": None,
                "automation_type_id": None,
                "body_text": "Thank you",
                "attachments": [],
                "created_at": iso(t.rating.answered_at),
                "updated_at": iso(t.rating.answered_at),
                "last_edited_at": None,
            }
        ]

    def _activities(self, asked: Request) -> Response:
        day = asked.query.get("created_at", "")
        if len(day) != 10:
            return self._invalid("created_at")
        if day >= self.clock.date().isoformat() or not self._of_day(day):
            return Response(b"", 404)  # the day's file is not ready
        return Response({"export": {"url": self._file_url(day)}})

    def _file_url(self, day: str) -> str:
        elsewhere = self.base_url.replace("127.0.0.1", "localhost")
        return f"{elsewhere}/files/activities-{day}.json?signature=abc"

    def _of_day(self, day: str) -> list[Row]:
        by_day: dict[str, list[Row]] = self._keep("activities", self._all_activities)
        return by_day.get(day, [])

    def _all_activities(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        names = {str(t.number): t.name for t in self.teams}
        for t in self.visible():
            state: dict[str, Any] = {}
            for at in sorted({c.at for c in t.changes_until(self.clock)}):
                told: Row = {}
                for c in (c for c in t.changes_until(self.clock) if c.at == at):
                    value: Any = {
                        "status": _LABEL.get(_STATUS.get(str(c.after), 0)),
                        "assignee": (
                            _AGENT + int(c.after) if c.field == "assignee" and c.after else None
                        ),
                        "team": names.get(str(c.after)),
                        "priority": _PRIORITY.get(str(c.after)),
                    }[c.field]
                    if state.get(c.field) != value:
                        state[c.field] = value
                        told[
                            {
                                "status": "status",
                                "assignee": "agent_id",
                                "team": "group",
                                "priority": "priority",
                            }[c.field]
                        ] = value
                if told:
                    found.setdefault(at.date().isoformat(), []).append(
                        {
                            "performed_at": at.astimezone(UTC).strftime("%d-%m-%Y %H:%M:%S +0000"),
                            "ticket_id": t.number,
                            "performer_type": "system",
                            "performer_id": None,
                            "activity": told,
                        }
                    )
        for rows in found.values():
            rows.append(rows[0])  # activities have no id and may repeat
        return found

    def _file(self, asked: Request) -> Response:
        if "authorization" in asked.headers:
            return Response(
                b"<Error><Code>InvalidArgument</Code></Error>",
                400,
                {"content-type": "application/xml"},
            )
        rows = self._of_day(asked.path.removeprefix("/files/activities-").removesuffix(".json"))
        body = json.dumps(
            {"metadata": {"activities_count": len(rows)}, "activities_data": rows}
        ).encode()
        return Response(body, 200, {"content-type": "application/octet-stream"})

    def _ratings(self, asked: Request) -> Response:
        rows: list[Row] = []
        for t in self.alive():
            r = t.rating
            if r and r.answered_at and r.answered_at <= self.clock and r.score:
                agent = t.value_at("assignee", self.clock)
                rows.append(
                    {
                        "id": t.number + 5,
                        "survey_id": 10,
                        "user_id": _PERSON + t.requester.number,
                        "agent_id": _AGENT + int(agent) if agent else None,
                        "group_id": None,
                        "ticket_id": t.number,
                        "feedback": None,
                        "ratings": {"default_question": _SMILEYS[r.score]},
                        "created_at": iso(r.answered_at),
                        "updated_at": iso(r.answered_at),
                    }
                )
        low = asked.query.get("created_since", "")
        return self._paged(
            asked,
            sorted((r for r in rows if r["created_at"] >= low), key=lambda r: r["created_at"]),
        )

    def _time(self, asked: Request) -> Response:
        rows: list[Row] = []
        for t in self.alive():
            agent = t.value_at("assignee", self.clock)
            solved = self.solved_at(t)
            if t.minutes_worked and agent and solved:
                rows.append(
                    {
                        "id": t.number + 6,
                        "ticket_id": t.number,
                        "agent_id": _AGENT + int(agent),
                        "billable": True,
                        "time_spent": f"{t.minutes_worked // 60:02d}:{t.minutes_worked % 60:02d}",
                        "timer_running": False,
                        "executed_at": iso(solved),
                        "start_time": iso(solved),
                        "created_at": iso(solved),
                        "updated_at": iso(solved),
                    }
                )
        low = asked.query.get("executed_after", "")
        high = asked.query.get("executed_before", "9")
        return self._paged(asked, [r for r in rows if low <= r["executed_at"] < high])

    def _agents(self) -> list[Row]:
        return [
            {
                "id": _AGENT + a.number,
                "available": True,
                "ticket_scope": 1,
                "type": "support_agent",
                "created_at": iso(since(a)),
                "updated_at": iso(since(a)),
                "contact": {
                    "name": a.name,
                    "email": a.email,
                    "active": a.number % 3 == 0,  # whether the invitation was confirmed
                    "time_zone": "Berlin",
                    "created_at": iso(since(a)),
                    "updated_at": iso(since(a)),
                },
            }
            for a in self.agents()
            if self.is_here(a)
        ]

    def _groups(self, *, with_members: bool = False) -> list[Row]:
        """Teams; only the answer for a single one names its members."""
        rows: list[Row] = [
            {
                "id": t.number,
                "name": t.name,
                "description": None,
                "escalate_to": None,
                "unassigned_for": None,
                "business_hour_id": _HOURS + self.hours_of(t).number,
                "group_type": "support_agent_group",
                "auto_ticket_assign": 0,
                "created_at": "2024-01-05T05:30:00+05:30",
                "updated_at": "2024-01-05T05:30:00+05:30",
            }
            for t in self.teams
        ]
        for row, team in zip(rows if with_members else (), self.teams, strict=False):
            row["agent_ids"] = [
                _AGENT + a.number for a in self.agents() if a.team is team and self.is_here(a)
            ]
        return rows

    def _contacts(self) -> list[Row]:
        return [
            {
                "id": _PERSON + p.number,
                "name": p.name,
                "email": p.email,
                "company_id": _COMPANY + p.company.number if p.company else None,
                "active": True,
                "language": language_of(p),
                "custom_fields": {"member": is_member(p)},
                "created_at": iso(p.since),
                "updated_at": iso(p.since),
            }
            for p in self.people()
        ]

    def _companies(self) -> list[Row]:
        return [
            {
                "id": _COMPANY + c.number,
                "name": c.name,
                "domains": [c.domain],
                "industry": None,
                "account_tier": PLANS[plan_of(c)],
                "custom_fields": {"seats": seats_of(c)},
                "created_at": iso(c.since),
                "updated_at": iso(c.since),
            }
            for c in self.companies()
        ]

    def _policy(self) -> Row:
        targets = {
            f"priority_{_PRIORITY[p]}": {
                "respond_within": m * 60,
                "resolve_within": RESOLUTION_MINUTES[p] * 60,
                "business_hours": True,
                "escalation_enabled": True,
            }
            for p, m in FIRST_REPLY_MINUTES.items()
        }
        return {
            "id": 4,
            "name": "Default SLA",
            "active": True,
            "is_default": True,
            "position": 1,
            "applicable_to": {},
            "sla_target": targets,
            "created_at": "2024-01-05T00:00:00Z",
            "updated_at": "2024-01-05T00:00:00Z",
        }

    def _former_policy(self) -> Row:
        """A policy that is no longer in force: the list has it too."""
        target = {"respond_within": 3600, "resolve_within": 86400, "next_respond_within": None}
        return {
            **self._policy(),
            "id": 5,
            "name": "Former SLA",
            "active": False,
            "is_default": False,
            "position": 2,
            "sla_target": {"priority_1": {**target, "business_hours": False}},
        }


def _field(number: int, name: str, label: str, kind: str, choices: Any = None) -> Row:
    """A field of one of the lists."""
    row: Row = {
        "id": number,
        "name": name,
        "label": label,
        "position": number,
        "type": kind,
        "default": kind.startswith("default_"),
        "required_for_agents": False,
        "created_at": _MADE,
        "updated_at": _MADE,
    }
    return row if choices is None else {**row, "choices": choices}


def _ticket_fields() -> list[Row]:
    return [
        _field(1, "subject", "Subject", "default_subject"),
        _field(
            2, "status", "Status", "default_status", {str(k): [v, v] for k, v in _LABEL.items()}
        ),
        _field(
            3,
            "product",
            "Product",
            "default_product",
            {name: _PRODUCT + number for number, name in BRANDS.items()},
        ),
        _field(4, "cf_contact_reason", "Contact reason", "custom_dropdown", list(REASONS.values())),
        _field(5, "cf_order_number", "Order number", "custom_text"),
        _field(6, "cf_order_value", "Order value", "custom_decimal"),
        _field(7, "cf_bought_on", "Bought on", "custom_date"),
        _field(8, "cf_under_warranty", "Under warranty", "custom_checkbox"),
    ]


def _contact_fields() -> list[Row]:
    codes = ("en", *LANGUAGES.values())
    languages = {code: _LANGUAGES[code[:2]] for code in codes}
    return [
        _field(11, "language", "Language", "default_language", languages),
        _field(12, "member", "Member", "custom_checkbox"),
    ]


def _company_fields() -> list[Row]:
    return [
        _field(21, "account_tier", "Account tier", "default_account_tier", list(PLANS.values())),
        _field(22, "seats", "Seats", "custom_number"),
    ]


def _week(schedule: Schedule) -> Row:
    """Opening hours; a day that does not end before midnight ends a second before it."""
    is_whole = schedule.closes == 24
    day = {
        "start_time": "12:00:00 am" if is_whole else "08:00:00 am",
        "end_time": "11:59:59 pm" if is_whole else "06:00:00 pm",
    }
    return {
        "id": _HOURS + schedule.number,
        "name": schedule.name,
        "description": None,
        "is_default": schedule is BERLIN,
        "time_zone": {NEW_YORK.zone: "Eastern Time (US & Canada)"}.get(schedule.zone, "Berlin"),
        "business_hours": {_DAYS[d]: day for d in schedule.days},
        "created_at": "2024-01-05T00:00:00Z",
        "updated_at": "2024-01-05T00:00:00Z",
    }


_CHOSEN: dict[str, Any] = {
    "contact_reason": "Contact reason",
    "brand": "brand",
    "tags": "tags",
    "plan": {"field": "account_tier", "of": "organization"},
    "language": {"field": "language", "of": "customer"},
}

SANDBOX = DeskAccount(
    Freshdesk,
    {
        "domain": "alderfinch",
        "file_hosts": "localhost",
        "holiday_country": "DE",
        "statuses": {"Waiting on Third Party": "hold"},
        "fields": _CHOSEN,
    },
    {"api_key": "freshdesk-demo-key"},
)
