"""Fake Front, from Front's API description: events of at most 15 a page, conversations, merged ones
that redirect.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tasks.sandbox.desk import Desk, DeskAccount, Row
from tasks.sandbox.fake import Request, Response, page_of
from tasks.sandbox.oauth import TokenDesk
from tasks.sandbox.story import BERLIN, Change, Ticket
from tasks.sandbox.world import World

_TYPE = {
    "email": "email",
    "web": "custom",
    "chat": "front_chat",
    "api": "custom",
}
_CATEGORY = {
    "new": "open",
    "open": "open",
    "pending": "waiting",
    "hold": "waiting",
    "solved": "resolved",
    "closed": "resolved",
}
_WEEK = ("mon", "tue", "wed", "thu", "fri")


def stamp(at: datetime | None, milliseconds: int = 0) -> float | None:
    """Unix seconds with milliseconds."""
    return at.timestamp() + milliseconds / 1000 if at else None


class _Step(NamedTuple):
    """What happened to a conversation, before it is an event."""

    at: datetime
    kind: str
    source: Row | None
    target: Row | None
    on: Ticket


def _meta(kind: str, data: Any) -> Row:
    return {"_meta": {"type": kind}, "data": data}


class Front(Desk):
    """A company: conversations are assigned and archived; with `ticketing` they have statuses of
    three categories, too.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        token: str = "front-demo-token",
        tickets: Any = None,
    ) -> None:
        super().__init__(world, clock=clock, tickets=tickets)
        self._token = token
        self.token_desk = TokenDesk(
            "front",
            ("front-client", "front-demo-secret"),
            ("refresh_token",),
            refresh_token="front-demo-refresh",
            rotates=True,
            basic=True,
            refused_status=401,
            more={"expires_at": str(int(self.clock.timestamp()) + 3600)},
        )
        self.per_page = 15
        self.ticketing = False
        self._exports: dict[str, tuple[Row, int]] = {}

    def _error(self, status: int, title: str, message: str) -> Response:
        return Response(
            {
                "_error": {
                    "status": status,
                    "title": title,
                    "message": message,
                }
            },
            status,
        )

    def unauthorized(self) -> Response:
        return self._error(401, "Unauthenticated", "Invalid or expired token")

    def throttled(self) -> Response:
        return Response(
            self._error(429, "Rate limit exceeded", "You have exceeded the rate limit").content,
            429,
            {"retry-after": "1", "x-ratelimit-reset": "1.5"},
        )

    def forbidden(self) -> Response:
        return self._error(403, "Forbidden", "Missing scope")

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/token":
            return self.token_desk.answer(asked)
        if asked.bearer() not in {self._token, *self.token_desk.tokens}:
            return self.unauthorized()
        routes: dict[str, Callable[[Request], Response]] = {
            "/me": lambda a: Response({"id": "cmp_1", "name": "alderfinch"}),
            "/events": self._events,
            "/teammates": lambda a: self._whole([self._teammate(x.number) for x in self.agents()]),
            "/teams": lambda a: self._whole(self._teams()),
            "/contacts": lambda a: self._listed(
                a, [self._contact(p.number) for p in self.people()], 100
            ),
            "/accounts": lambda a: self._listed(a, self._accounts(), 100),
            "/shifts": lambda a: self._whole([self._shift()]),
            "/analytics/exports": self._start_export,
        }
        if asked.path in routes:
            return routes[asked.path](asked)
        match = re.fullmatch(r"/conversations/cnv_([0-9a-f]+)(?:/(messages|comments))?", asked.path)
        if match:
            return self._one(asked, int(match[1], 16), match[2])
        if asked.path.startswith(("/analytics/exports/", "/download/")):
            return self._export(
                asked.path.rsplit("/", 1)[1], is_file=asked.path.startswith("/download/")
            )
        return self._error(404, "Not found", "Unknown path")

    def _whole(self, rows: Sequence[Row]) -> Response:
        return Response({"_links": {}, "_results": list(rows)})

    def _listed(self, asked: Request, rows: Sequence[Row], most: int) -> Response:
        size = min(int(asked.query.get("limit", "50")), most)
        start = int(asked.query.get("page_token", "0"))
        page, more = page_of(rows, start, size)
        link = (
            f"{self.base_url}{asked.path}?{urlencode({**asked.query, 'page_token': start + size})}"
            if more
            else None
        )
        return Response(
            {
                "_pagination": {"next": link},
                "_links": {"self": ""},
                "_results": list(page),
            }
        )

    def _events(self, asked: Request) -> Response:
        if int(asked.query.get("limit", "15")) > 15:
            return self._error(400, "Bad request", "limit must be at most 15")
        low = float(asked.query.get("q[after]", 0))
        high = float(asked.query.get("q[before]", 9e12))
        told: list[Row] = self._keep(
            "events",
            lambda: sorted(
                (e for t in self.visible() for e in self._told(t)),
                key=lambda e: (e["emitted_at"], e["id"]),
            ),
        )
        return self._listed(asked, [e for e in told if low < e["emitted_at"] < high], self.per_page)

    def _told(self, t: Ticket) -> list[Row]:
        """The events of a conversation, in their order."""
        steps = [*self._changes(t), *self._messages(t), *self._endings(t)]
        order = {"inbound": 0, "out_reply": 0, "comment": 0}
        steps.sort(key=lambda s: (s.at, order.get(s.kind, 1)))
        return [
            {
                "_links": {},
                "id": f"evt_{t.number:x}{i:02x}",
                "type": step.kind,
                "emitted_at": stamp(step.at, i),
                **({"source": step.source} if step.source else {}),
                "target": step.target,
                "conversation": {
                    "id": f"cnv_{step.on.number:x}",
                    "subject": step.on.topic,
                    "status": "assigned",
                    "created_at": stamp(step.on.created_at),
                },
            }
            for i, step in enumerate(steps)
        ]

    def _changes(self, t: Ticket) -> Iterator[_Step]:
        done, team, category = False, None, "open"
        for c in t.changes_until(self.clock):
            who = self._actor(c)
            if c.field == "status" and self.ticketing:
                if _CATEGORY[str(c.after)] != category:
                    category = _CATEGORY[str(c.after)]
                    status = _meta("ticket_status", self._status(category))
                    yield _Step(c.at, "ticket_status_update", who, status, t)
            elif c.field == "status" and (c.after in {"solved", "closed"}) != done:
                done = not done
                yield _Step(c.at, "archive" if done else "reopen", who, None, t)
            elif c.field == "assignee" and c.after:
                teammate = _meta("teammate", self._teammate(int(c.after)))
                yield _Step(c.at, "assign", who, teammate, t)
            elif c.field == "team":
                if team is not None:
                    inboxes = _meta("inboxes", [self._inbox(str(c.after))])
                    yield _Step(c.at, "move", who, inboxes, t)
                team = c.after

    def _actor(self, change: Change) -> Row:
        if change.actor:
            return _meta("teammate", self._teammate(change.actor))
        return _meta("rule", {"id": "rul_1", "name": "Rule"})

    def _messages(self, t: Ticket) -> Iterator[_Step]:
        for place, n in enumerate(self.notes(t)):
            public = "inbound" if n.role == "customer" else "out_reply"
            kind = public if n.is_public else "comment"
            opening = kind == "inbound" and place == 0
            inboxes = _meta("inboxes", [self._inbox(t.changes[1].after or "")])
            yield _Step(n.at, kind, inboxes if opening else None, None, t)

    def _endings(self, t: Ticket) -> Iterator[_Step]:
        if t.deleted_at and t.deleted_at <= self.clock:
            yield _Step(t.deleted_at, "trash", None, None, t)
        if t.merged_at and self.is_merged(t):
            into = next(o for o in self.visible() if o.number == t.merged_into)
            merged = _meta("deleted_conversation_ids", [f"cnv_{t.number:x}"])
            yield _Step(t.merged_at, "conversations_merged", None, merged, into)

    def _one(self, asked: Request, number: int, part: str | None) -> Response:
        t = next((t for t in self.visible() if t.number == number), None)
        if t is None:
            return self._error(404, "Not found", f"Unknown conversation cnv_{number:x}")
        if self.is_merged(t):
            into = f"{self.base_url}/conversations/cnv_{t.merged_into:x}"
            return Response(b"", 301, {"location": f"{into}/{part}" if part else into})
        if part == "messages":
            rows = [self._message(t, place) for place, n in enumerate(self.notes(t)) if n.is_public]
            return self._listed(asked, rows[::-1], 100)
        if part == "comments":
            return self._whole(self._comments(t))
        return Response(self._conversation(t))

    def _comments(self, t: Ticket) -> list[Row]:
        return [
            {
                "id": f"com_{t.number:x}{i:02x}",
                "author": self._teammate(n.author),
                "body": n.text,
                "posted_at": stamp(n.at),
                "attachments": [],
                "is_pinned": False,
            }
            for i, n in enumerate(self.notes(t))
            if not n.is_public
        ]

    def _conversation(self, t: Ticket) -> Row:
        agent = t.value_at("assignee", self.clock)
        contact = f"{self.base_url}/contacts/crd_{t.requester.number:x}"
        return {
            "_links": {"self": "", "related": {}},
            "id": f"cnv_{t.number:x}",
            "type": "conversation",
            "subject": t.topic,
            "status": self._state(t),
            **self._ticketing(t),
            "assignee": self._teammate(int(agent)) if agent else None,
            "tags": [],
            "links": [],
            "custom_fields": {},
            "created_at": stamp(t.created_at, 123),
            "recipient": {
                "_links": {"related": {"contact": contact}},
                "name": t.requester.name,
                "handle": t.requester.email,
                "role": "from",
            },
            "updated_at": stamp(self.updated_at(t), 500),
            "is_private": False,
            "scheduled_reminders": [],
            "metadata": {},
        }

    def _state(self, t: Ticket) -> str:
        if self.is_deleted(t):
            return "deleted"
        if self.solved_at(t):
            return "archived"
        return "assigned" if t.value_at("assignee", self.clock) else "unassigned"

    def _ticketing(self, t: Ticket) -> Row:
        if not self.ticketing:
            return {"ticket_ids": []}
        category = _CATEGORY[t.value_at("status", self.clock) or "new"]
        return {
            "status_id": f"sts_{category}",
            "status_category": category,
            "ticket_ids": [f"TICKET-{t.number}"],
        }

    def _status(self, category: str) -> Row:
        return {
            "id": f"sts_{category}",
            "name": category.title(),
            "category": category,
            "description": None,
        }

    def _message(self, t: Ticket, place: int) -> Row:
        n = self.notes(t)[place]
        return {
            "_links": {},
            "id": f"msg_{t.number:x}{place:02x}",
            "type": _TYPE[t.channel],
            "is_inbound": n.role == "customer",
            "draft_mode": None,
            "error_type": None,
            "created_at": stamp(n.at, place),
            "subject": t.topic,
            "blurb": n.text,
            "body": n.text,
            "text": n.text,
            "recipients": [],
            "attachments": [],
            "metadata": {},
            "author": self._teammate(n.author) if n.role == "agent" else None,
        }

    def _teammate(self, number: int) -> Row:
        a = next(a for a in self.world.agents if a.number == number)
        first, _, last = a.name.partition(" ")
        return {
            "id": f"tea_{number:x}",
            "email": a.email,
            "username": a.email.split("@")[0],
            "first_name": first,
            "last_name": last,
            "is_admin": False,
            "is_available": True,
            "is_blocked": not self.is_here(a),
            "type": "user",
            "custom_fields": {},
        }

    def _inbox(self, team: str) -> Row:
        found = next((t for t in self.teams if str(t.number) == team), self.teams[0])
        return {"id": f"inb_{found.number:x}", "name": found.name}

    def _teams(self) -> list[Row]:
        return [
            {
                "id": f"tim_{t.number:x}",
                "name": t.name,
                "inboxes": [self._inbox(str(t.number))],
                "members": [self._teammate(a.number) for a in self.agents() if a.team is t],
            }
            for t in self.teams
        ]

    def _contact(self, number: int) -> Row:
        p = self.world.people[number - 1]
        return {
            "id": f"crd_{number:x}",
            "name": p.name,
            "description": "",
            "links": [],
            "handles": [{"handle": p.email, "source": "email"}],
            "groups": [],
            "lists": [],
            "custom_fields": {},
            "is_private": False,
            "updated_at": stamp(p.since),
        }

    def _accounts(self) -> list[Row]:
        return [
            {
                "id": f"acc_{c.number:x}",
                "name": c.name,
                "domains": [c.domain],
                "external_id": None,
                "custom_fields": {},
                "created_at": stamp(c.since),
                "updated_at": stamp(c.since),
            }
            for c in self.companies()
        ]

    def _shift(self) -> Row:
        return {
            "id": "shf_1",
            "name": BERLIN.name,
            "color": "grey",
            "timezone": BERLIN.zone,
            "times": dict.fromkeys(_WEEK, {"start": "08:00", "end": "18:00"}),
            "created_at": 1735689600.0,
            "updated_at": 1735689600.0,
        }

    # analytics
    # ----------------------------------------------------------------------------------------------

    def _start_export(self, asked: Request) -> Response:
        name = f"exp_{len(self._exports) + 1}"
        self._exports[name] = (asked.json(), 0)
        return Response(
            {
                "_links": {"self": ""},
                "id": name,
                "status": "running",
                "progress": 0,
                "created_at": 1770000000.0,
            },
            202,
        )

    def _export(self, name: str, *, is_file: bool) -> Response:
        body, looks = self._exports[name]
        if is_file:
            return Response(self._csv(body), 200, {"content-type": "text/csv"})
        self._exports[name] = (body, looks + 1)
        answer: Row = {
            "_links": {"self": ""},
            "id": name,
            "status": "done" if looks else "running",
            "progress": 100 if looks else 40,
            "created_at": 1770000000.0,
        }
        return Response(
            {
                **answer,
                **(
                    {
                        "url": f"{self.base_url}/download/{name}",
                        "filename": "export.csv",
                        "size": len(self._csv(body)),
                    }
                    if looks
                    else {}
                ),
            }
        )

    def _csv(self, body: Row) -> bytes:
        """Whole days: start and end are rounded out."""
        low = body["start"] // 86_400 * 86_400
        high = -(-body["end"] // 86_400) * 86_400
        text = io.StringIO()
        writer = csv.DictWriter(text, body["columns"])
        writer.writeheader()
        for t in self.alive():
            r = t.rating
            agent = t.value_at("assignee", self.clock)
            if (
                r
                and r.answered_at
                and r.score
                and r.answered_at <= self.clock - timedelta(seconds=0)
                and low <= r.answered_at.timestamp() < high
            ):
                row = {
                    "Activity ID": f"act_{t.number:x}",
                    "Type": "Survey response",
                    "Message date": r.answered_at.strftime("%Y-%m-%d %H:%M:%S"),
                    "Conversation API ID": f"cnv_{t.number:x}",
                    "Assignee": f"tea_{int(agent):x}" if agent else "",
                    "Survey rating": str(r.score),
                }
                writer.writerow({c: row.get(c, "") for c in body["columns"]})
            solved = self.solved_at(t)
            if agent and solved and t.minutes_worked and low <= solved.timestamp() < high:
                row = {
                    "Activity ID": f"act_{t.number:x}h",
                    "Type": "Archive",
                    "Message date": solved.strftime("%Y-%m-%d %H:%M:%S"),
                    "Conversation API ID": f"cnv_{t.number:x}",
                    "Author": f"tea_{int(agent):x}",
                    "Assignee": f"tea_{int(agent):x}",
                    "Handle time": str(t.minutes_worked * 60),
                }
                writer.writerow({c: row.get(c, "") for c in body["columns"]})
        return text.getvalue().encode()


SANDBOX = DeskAccount(
    Front,
    {"company": "alderfinch", "holiday_country": "DE"},
    {"api_token": "front-demo-token"},
)
