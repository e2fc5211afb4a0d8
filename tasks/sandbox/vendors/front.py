"""Fake Front, from its API description (core-api.json) and dev.frontapp.com/reference/events.

Events of at most 15 a page, conversations, merged ones that redirect, teams whose members stand in
the single team only, exports at api.frontapp.com.
"""

import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tasks.sandbox.desk import Desk, DeskAccount, Row
from tasks.sandbox.fake import Request, Response, page_of
from tasks.sandbox.oauth import TokenDesk
from tasks.sandbox.own_fields import (
    REASONS,
    bought_on,
    is_member,
    is_under_warranty,
    language_of,
    order_number_of,
    order_value_of,
    reason_at,
    tags_of,
)
from tasks.sandbox.story import BERLIN, Agent, Change, Note, Person, Team, Ticket
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
_PARTS = r"(messages|comments)"
_COLUMNS = {
    "Activity ID",
    "Type",
    "Message date",
    "Conversation API ID",
    "Author",
    "Assignee",
    "Handle time",
    "Survey rating",
    "Survey comment",
}
_MADE = 1735689600.0
_TAGS = ("vip", "warranty", "returning", "app")
_TICKET_FIELDS = (
    ("Contact reason", "enum"),
    ("Order number", "string"),
    ("Order value", "number"),
    ("Bought on", "datetime"),
    ("Under warranty", "boolean"),
)
_CONTACT_FIELDS = (("Member", "boolean"), ("Language", "string"))


def stamp(at: datetime | None, milliseconds: int = 0) -> float | None:
    """Unix seconds with milliseconds."""
    return at.timestamp() + milliseconds / 1000 if at else None


def _of_person(person: Person) -> Row:
    return {"Member": is_member(person), "Language": language_of(person)}


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
        error = {"status": status, "title": title, "message": message}
        return Response({"_error": error}, status)

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
        found = self._routes().get(asked.path)
        if found:
            return found(asked)
        one = re.fullmatch(rf"/conversations/cnv_([0-9a-f]+)(?:/{_PARTS})?", asked.path)
        if one:
            return self._one(asked, int(one[1], 16), one[2])
        team = re.fullmatch(r"/teams/tim_([0-9a-f]+)", asked.path)
        if team and (known := self._known_team(int(team[1], 16))):
            return Response(self._team(known))
        export = re.fullmatch(r"/analytics/exports/(exp_\d+)(/download)?", asked.path)
        if export and export[1] in self._exports:
            return self._export(export[1], is_file=bool(export[2]))
        return self._error(404, "Not found", "Unknown path")

    def _routes(self) -> dict[str, Callable[[Request], Response]]:
        return {
            "/me": lambda asked: Response(
                {"_links": self._links("me"), "id": "cmp_1", "name": "alderfinch"}
            ),
            "/events": self._events,
            "/teammates": lambda asked: self._whole(
                "teammates", [self._teammate(agent.number) for agent in self.agents()]
            ),
            "/teams": lambda asked: self._whole("teams", map(self._team_preview, self.teams)),
            "/inboxes": lambda asked: self._whole("inboxes", map(self._inbox, self.teams)),
            "/contacts": lambda asked: self._listed(
                asked, [self._contact(person.number) for person in self.people()], 100
            ),
            "/accounts": lambda asked: self._listed(asked, self._accounts(), 100),
            "/shifts": lambda asked: self._whole("shifts", self._shifts()),
            "/conversations/custom_fields": lambda asked: self._fields(asked, _TICKET_FIELDS),
            "/contacts/custom_fields": lambda asked: self._fields(asked, _CONTACT_FIELDS),
            "/tags": lambda asked: self._listed(asked, [self._tag(name) for name in _TAGS], 100),
            "/analytics/exports": self._start_export,
        }

    def _links(self, path: str, **related: str | None) -> Row:
        links: Row = {"self": f"{self.base_url}/{path}"}
        if related:
            links["related"] = {
                name: f"{self.base_url}/{to}" if to else None for name, to in related.items()
            }
        return links

    def _whole(self, name: str, rows: Any) -> Response:
        return Response({"_links": self._links(name), "_results": list(rows)})

    def _listed(self, asked: Request, rows: Sequence[Row], most: int) -> Response:
        size = min(int(asked.query.get("limit", "50")), most)
        start = int(asked.query.get("page_token", "0"))
        page, more = page_of(rows, start, size)
        following = urlencode({**asked.query, "page_token": start + size})
        return Response(
            {
                "_pagination": {
                    "next": f"{self.base_url}{asked.path}?{following}" if more else None
                },
                "_links": self._links(asked.path.strip("/")),
                "_results": list(page),
            }
        )

    # events
    # ----------------------------------------------------------------------------------------------

    def _events(self, asked: Request) -> Response:
        if int(asked.query.get("limit", "15")) > 15:
            return self._error(400, "Bad request", "limit must be at most 15")
        low = float(asked.query.get("q[after]", 0))
        high = float(asked.query.get("q[before]", 9e12))
        told: list[Row] = self._keep(
            "events",
            lambda: sorted(
                (event for ticket in self.visible() for event in self._told(ticket)),
                key=lambda event: (event["emitted_at"], event["id"]),
            ),
        )
        found = [event for event in told if low < event["emitted_at"] < high]
        return self._listed(asked, found, self.per_page)

    def _told(self, t: Ticket) -> list[Row]:
        """The events of a conversation, in their order."""
        steps = [*self._changes(t), *self._messages(t), *self._endings(t)]
        order = {"inbound": 0, "out_reply": 0, "comment": 0}
        steps.sort(key=lambda s: (s.at, order.get(s.kind, 1)))
        touched = {step.on.number: step.on for step in steps}
        shown = {number: self._conversation(ticket) for number, ticket in touched.items()}
        return [
            {
                "_links": self._links(f"events/evt_{t.number:x}{place:02x}"),
                "id": f"evt_{t.number:x}{place:02x}",
                "type": step.kind,
                "emitted_at": stamp(step.at, place),
                **({"source": step.source} if step.source else {}),
                **({"target": step.target} if step.target else {}),
                "conversation": shown[step.on.number],
            }
            for place, step in enumerate(steps)
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
                    inbox = self._inbox(self._known_team(int(c.after or 0)))
                    yield _Step(c.at, "move", who, _meta("inboxes", inbox), t)
                team = c.after

    def _actor(self, change: Change) -> Row:
        if change.actor:
            return _meta("teammate", self._teammate(change.actor))
        rule = {
            "_links": self._links("rules/rul_1", owner=None),
            "id": "rul_1",
            "name": "Rule",
            "actions": [],
            "is_private": False,
        }
        return _meta("rule", rule)

    def _messages(self, t: Ticket) -> Iterator[_Step]:
        """Messages name the inbox of their channel, wherever the conversation was moved since."""
        channel = _meta("inboxes", [self._inbox(self._known_team(int(t.changes[1].after or 0)))])
        for place, note in enumerate(self.notes(t)):
            if note.is_public:
                kind = "inbound" if note.role == "customer" else "out_reply"
                yield _Step(note.at, kind, channel, _meta("message", self._message(t, place)), t)
            else:
                author = _meta("teammate", self._teammate(note.author))
                comment = _meta("comment", self._comment(t, place, note))
                yield _Step(note.at, "comment", author, comment, t)

    def _endings(self, t: Ticket) -> Iterator[_Step]:
        someone = _meta("teammate", self._teammate(self.agents()[0].number))
        if t.deleted_at and t.deleted_at <= self.clock:
            yield _Step(t.deleted_at, "trash", someone, None, t)
        if t.merged_at and self.is_merged(t):
            into = next(other for other in self.visible() if other.number == t.merged_into)
            merged = _meta("deleted_conversation_ids", [f"cnv_{t.number:x}"])
            yield _Step(t.merged_at, "conversations_merged", someone, merged, into)

    # conversations
    # ----------------------------------------------------------------------------------------------

    def _one(self, asked: Request, number: int, part: str | None) -> Response:
        t = next((t for t in self.visible() if t.number == number), None)
        if t is None:
            return self._error(404, "Not found", f"Unknown conversation cnv_{number:x}")
        if self.is_merged(t):
            into = f"{self.base_url}/conversations/cnv_{t.merged_into:x}"
            return Response(b"", 301, {"location": f"{into}/{part}" if part else into})
        notes = list(enumerate(self.notes(t)))
        if part == "messages":
            rows = [self._message(t, place) for place, note in notes if note.is_public]
            return self._listed(asked, rows[::-1], 100)
        if part == "comments":
            rows = [self._comment(t, place, note) for place, note in notes if not note.is_public]
            return self._whole(asked.path.strip("/"), rows)
        return Response(self._conversation(t))

    def _conversation(self, t: Ticket) -> Row:
        agent = t.value_at("assignee", self.clock)
        name = f"conversations/cnv_{t.number:x}"
        return {
            "_links": self._links(name, messages=f"{name}/messages", events=f"{name}/events"),
            "id": f"cnv_{t.number:x}",
            "type": "conversation",
            "subject": t.topic,
            "status": self._state(t),
            **self._ticketing(t),
            "assignee": self._teammate(int(agent)) if agent else None,
            "tags": [self._tag(name) for name in tags_of(t)],
            "links": [],
            "custom_fields": self._custom_fields(t),
            "created_at": stamp(t.created_at, 123),
            "recipient": self._recipient(t, "from"),
            "updated_at": stamp(self.updated_at(t), 500),
            "is_private": False,
            "scheduled_reminders": [],
            "metadata": {},
        }

    def _custom_fields(self, t: Ticket) -> Row:
        """Values by the field's name; an empty field is left out."""
        bought = bought_on(t)
        values = {
            "Contact reason": reason_at(t, self.clock),
            "Order number": order_number_of(t),
            "Order value": order_value_of(t),
            "Bought on": datetime(bought.year, bought.month, bought.day, tzinfo=UTC).timestamp()
            if bought
            else None,
            "Under warranty": is_under_warranty(t),
        }
        return {name: value for name, value in values.items() if value is not None}

    def _fields(self, asked: Request, fields: Sequence[tuple[str, str]]) -> Response:
        """Custom fields; those of type enum with their values."""
        return self._whole(
            asked.path.strip("/"), [self._field(name, kind) for name, kind in fields]
        )

    def _field(self, name: str, kind: str) -> Row:
        key = f"fld_{zlib.crc32(name.encode()):x}"
        values = [{"value": value, "label": label} for value, label in REASONS.items()]
        return {
            "_links": self._links(f"custom_fields/{key}"),
            "id": key,
            "name": name,
            "description": "",
            "type": kind,
            **({"values": values} if kind == "enum" else {}),
        }

    def _tag(self, name: str) -> Row:
        key = f"tag_{_TAGS.index(name):x}"
        return {
            "_links": self._links(f"tags/{key}", owner=None),
            "id": key,
            "name": name,
            "description": None,
            "highlight": None,
            "is_private": False,
            "is_visible_in_conversation_lists": True,
        }

    def _recipient(self, t: Ticket, role: str) -> Row:
        contact = f"{self.base_url}/contacts/crd_{t.requester.number:x}"
        return {
            "_links": {"related": {"contact": contact}},
            "name": t.requester.name,
            "handle": t.requester.email,
            "role": role,
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
            "_links": self._links(f"company/statuses/sts_{category}"),
            "id": f"sts_{category}",
            "name": category.title(),
            "category": category,
            "description": None,
        }

    def _message(self, t: Ticket, place: int) -> Row:
        """The author of an inbound message is left out."""
        note = self.notes(t)[place]
        is_inbound = note.role == "customer"
        return {
            "_links": self._links(f"messages/msg_{t.number:x}{place:02x}"),
            "id": f"msg_{t.number:x}{place:02x}",
            "type": _TYPE[t.channel],
            "is_inbound": is_inbound,
            "draft_mode": None,
            "version": f"{t.number:x}-{place}",
            "created_at": stamp(note.at, place),
            "subject": t.topic,
            "blurb": note.text,
            "body": note.text,
            "text": note.text,
            "recipients": [self._recipient(t, "from" if is_inbound else "to")],
            "attachments": [],
            "metadata": {},
            **({} if is_inbound else {"author": self._teammate(note.author)}),
        }

    def _comment(self, t: Ticket, place: int, note: Note) -> Row:
        return {
            "_links": self._links(f"comments/com_{t.number:x}{place:02x}"),
            "id": f"com_{t.number:x}{place:02x}",
            "author": self._teammate(note.author),
            "body": note.text,
            "posted_at": stamp(note.at),
            "attachments": [],
            "is_pinned": False,
        }

    # people and places
    # ----------------------------------------------------------------------------------------------

    def _teammate(self, number: int) -> Row:
        kept: Row = self._keep(f"teammate {number}", lambda: self._made_teammate(number))
        return kept

    def _made_teammate(self, number: int) -> Row:
        a: Agent = next(a for a in self.world.agents if a.number == number)
        first, _, last = a.name.partition(" ")
        name = f"teammates/tea_{number:x}"
        return {
            "_links": self._links(name, inboxes=f"{name}/inboxes"),
            "id": f"tea_{number:x}",
            "email": a.email,
            "username": a.email.split("@")[0],
            "first_name": first,
            "last_name": last,
            "license_type": "full",
            "is_admin": False,
            "is_available": True,
            "is_blocked": not self.is_here(a),
            "type": "user",
            "custom_fields": {},
        }

    def _known_team(self, number: int) -> Team | None:
        return next((team for team in self.teams if team.number == number), None)

    def _inbox(self, team: Team | None) -> Row:
        found = team or self.teams[0]
        name = f"inboxes/inb_{found.number:x}"
        return {
            "_links": self._links(
                name, teammates=f"{name}/teammates", owner=f"teams/tim_{found.number:x}"
            ),
            "id": f"inb_{found.number:x}",
            "name": found.name,
            "is_private": False,
            "is_public": True,
            "custom_fields": {},
        }

    def _team_preview(self, team: Team) -> Row:
        """What the list of teams has: no members, and no inboxes."""
        name = f"tim_{team.number:x}"
        return {"_links": self._links(f"teams/{name}"), "id": name, "name": team.name}

    def _team(self, team: Team) -> Row:
        members = [agent.number for agent in self.agents() if agent.team is team]
        return {
            **self._team_preview(team),
            "inboxes": [self._inbox(team)],
            "members": [self._teammate(number) for number in members],
        }

    def _contact(self, number: int) -> Row:
        p = self.world.people[number - 1]
        return {
            "_links": self._links(f"contacts/crd_{number:x}"),
            "id": f"crd_{number:x}",
            "name": p.name,
            "description": "",
            "links": [],
            "handles": [{"handle": p.email, "source": "email"}],
            "groups": [],
            "lists": [],
            "custom_fields": _of_person(p),
            "is_private": False,
        }

    def _accounts(self) -> list[Row]:
        return [
            {
                "_links": self._links(f"accounts/acc_{c.number:x}"),
                "id": f"acc_{c.number:x}",
                "name": c.name,
                "logo_url": None,
                "description": None,
                "domains": [c.domain],
                "external_id": None,
                "custom_fields": {},
                "created_at": stamp(c.since),
                "updated_at": stamp(c.since),
            }
            for c in self.companies()
        ]

    def _shifts(self) -> list[Row]:
        """One shift of the company, and two of one workspace, which make the same hours."""
        owner = f"teams/tim_{self.teams[0].number:x}"
        return [
            self._shift("shf_1", BERLIN.name, None, "08:00", "18:00"),
            self._shift("shf_2", "Early", owner, "08:00", "14:00"),
            self._shift("shf_3", "Late", owner, "12:00", "18:00"),
        ]

    def _shift(self, key: str, name: str, owner: str | None, start: str, end: str) -> Row:
        return {
            "_links": self._links(
                f"shifts/{key}", teammates=f"shifts/{key}/teammates", **_owned(owner)
            ),
            "id": key,
            "name": name,
            "color": "grey",
            "timezone": BERLIN.zone,
            "times": {day: {"start": start, "end": end} for day in _WEEK},
            "created_at": _MADE,
            "updated_at": _MADE,
        }

    # analytics
    # ----------------------------------------------------------------------------------------------

    def _start_export(self, asked: Request) -> Response:
        body = asked.json()
        if "filters" in body and not any(body["filters"].values()):
            return self._error(400, "Bad request", "body.filters: must match at least one schema")
        unknown = sorted(set(body["columns"]) - _COLUMNS)
        if unknown:
            return self._error(400, "Bad request", f"body.columns: unknown {unknown[0]}")
        name = f"exp_{len(self._exports) + 1}"
        self._exports[name] = (body, 0)
        return Response(self._export_state(name, "running", 0), 201)

    def _export_state(self, name: str, status: str, progress: int) -> Row:
        inboxes = [f"inb_{team.number:x}" for team in self.teams]
        return {
            "_links": self._links(f"analytics/exports/{name}"),
            "id": name,
            "status": status,
            "progress": progress,
            "created_at": 1770000000.0,
            "filters": {"inbox_ids": inboxes},
        }

    def _export(self, name: str, *, is_file: bool) -> Response:
        body, looks = self._exports[name]
        if is_file:
            return Response(self._csv(body), 200, {"content-type": "text/csv"})
        self._exports[name] = (body, looks + 1)
        if not looks:
            return Response(self._export_state(name, "running", 40))
        ready = {
            **self._export_state(name, "done", 100),
            "url": f"https://api.frontapp.com/analytics/exports/{name}/download",
            "filename": "export-events-alderfinch.csv",
            "size": len(self._csv(body)),
        }
        return Response(ready)

    def _csv(self, body: Row) -> bytes:
        """Whole days: start and end are rounded out."""
        low = body["start"] // 86_400 * 86_400
        high = -(-body["end"] // 86_400) * 86_400
        text = io.StringIO()
        writer = csv.DictWriter(text, body["columns"], restval="", extrasaction="ignore")
        writer.writeheader()
        for t in self.alive():
            for at, row in self._activities(t):
                if low <= at.timestamp() < high:
                    writer.writerow({**row, "Message date": at.strftime("%Y-%m-%d %H:%M:%S")})
        return text.getvalue().encode()

    def _activities(self, t: Ticket) -> Iterator[tuple[datetime, Row]]:
        agent, solved, rating = t.value_at("assignee", self.clock), self.solved_at(t), t.rating
        common = {
            "Conversation API ID": f"cnv_{t.number:x}",
            "Assignee": f"tea_{int(agent):x}" if agent else "",
        }
        if rating and rating.answered_at and rating.score and rating.answered_at <= self.clock:
            yield (
                rating.answered_at,
                {
                    **common,
                    "Activity ID": f"act_{t.number:x}",
                    "Type": "Survey response",
                    "Survey rating": str(rating.score),
                },
            )
        if agent and solved and t.minutes_worked:
            yield (
                solved,
                {
                    **common,
                    "Activity ID": f"act_{t.number:x}h",
                    "Type": "Archive",
                    "Author": common["Assignee"],
                    "Handle time": str(t.minutes_worked * 60),
                },
            )


def _owned(owner: str | None) -> Row:
    """The link to the workspace that a shift belongs to, which one of the company has not."""
    return {"owner": owner} if owner else {}


SANDBOX = DeskAccount(
    Front,
    {
        "company": "alderfinch",
        "holiday_country": "DE",
        "handle_time_unit": "seconds",
        "fields": {
            "contact_reason": "Contact reason",
            "tags": "tags",
            "language": {"field": "Language", "of": "customer"},
        },
    },
    {"api_token": "front-demo-token"},
)
