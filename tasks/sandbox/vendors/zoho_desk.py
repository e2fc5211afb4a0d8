"""Fake Zoho Desk, from its published API description (v1.0) and desk.zoho.com/DeskAPIDocument.

No rows is 204, offsets are capped, history comes in three shapes, the days of a holiday list stand
in the single list only. SLA targets are in no part of the API that is described.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tasks.sandbox.desk import Desk, DeskAccount, Row, since
from tasks.sandbox.fake import Request, Response
from tasks.sandbox.own_fields import (
    FORMS,
    PLANS,
    PRODUCTS,
    REASONS,
    bought_on,
    form_of,
    is_member,
    is_under_warranty,
    language_of,
    order_number_of,
    order_value_of,
    plan_of,
    products_of,
    reason_at,
    seats_of,
    tags_of,
)
from tasks.sandbox.story import BERLIN, RESOLUTION_MINUTES, Change, Ticket
from tasks.sandbox.world import World

_STATUS = {
    "new": ("Open", "Open"),
    "open": ("Open", "Open"),
    "pending": ("Waiting on Customer", "On Hold"),
    "hold": ("On Hold", "On Hold"),
    "solved": ("Closed", "Closed"),
    "closed": ("Closed", "Closed"),
}
_PRIORITY = {
    "low": "Low",
    "normal": "Medium",
    "high": "High",
    "urgent": "Urgent",
}
_CHANNEL = {
    "email": "Email",
    "web": "Web",
    "chat": "Chat",
    "api": "Web",
}
_RATING = {
    5: "GOOD",
    4: "GOOD",
    3: "OK",
    2: "BAD",
    1: "BAD",
}
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")
_CLOSED = ("SATURDAY", "SUNDAY")
_HOURS, _OLD_HOURS, _HOLIDAYS = 18, 28, 19  # kinds of ids
LAYOUT, _TAG, _FIELD = 30, 31, 32
_TAGS = ("vip", "warranty", "returning", "app")
_BASE = 1_892_000_000_000_000
LANGUAGES = {"de": "German", "fr": "French", "en": "English", "sv": "Swedish"}
_FIELDS: Mapping[str, tuple[tuple[Any, ...], ...]] = {  # API name, label, type, values
    "tickets": (
        ("subject", "Subject", "Text"),
        ("status", "Status", "Picklist", ("Open", "Closed")),
        ("category", "Category", "Picklist", ("General", "Defects")),
        ("productId", "Product Name", "LookUp"),
        ("cf_contact_reason", "Contact reason", "Picklist", tuple(REASONS)),
        ("cf_order_number", "Order number", "Text"),
        ("cf_order_value", "Order value", "Currency"),
        ("cf_bought_on", "Bought on", "Date"),
        ("cf_under_warranty", "Under warranty", "Boolean"),
        ("cf_products", "Products", "Multiselect", tuple(PRODUCTS)),
    ),
    "contacts": (("lastName", "Last Name", "Text"), ("cf_member", "Member", "Boolean")),
    "accounts": (
        ("accountName", "Account Name", "Text"),
        ("cf_plan", "Plan", "Picklist", tuple(PLANS)),
        ("cf_seats", "Seats", "Number"),
    ),
}


def key(kind: int, number: int) -> str:
    """An id of 16 digits and more."""
    return str(_BASE + kind * 10_000_000_000 + number)


def when(at: datetime | None) -> str | None:
    """2026-02-01T09:00:00.000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") if at else None


class ZohoDesk(Desk):
    """A portal whose search refuses offsets from `deepest` on."""

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        client_id: str = "zoho-client",
        client_secret: str = "zoho-demo-secret",
        refresh_token: str = "zoho-demo-refresh",
        org: str = "60001",
        tickets: Any = None,
    ) -> None:
        super().__init__(world, clock=clock, tickets=tickets)
        self._secrets = {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "grant_type": "refresh_token",
        }
        self._org = org
        self.tokens = set[str]()
        self.deepest = 1000
        self.per_page = 100

    def _error(self, status: int, code: str, message: str) -> Response:
        return Response({"errorCode": code, "message": message}, status)

    def unauthorized(self) -> Response:
        return self._error(401, "INVALID_OAUTH", "The OAuth Token you provided is invalid.")

    def throttled(self) -> Response:
        return self._error(429, "TOO_MANY_REQUESTS", "Concurrent calls exceeded")

    def forbidden(self) -> Response:
        return self._error(403, "LICENSE_ACCESS_LIMITED", "Your plan has no access to this feature")

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/v2/token":
            if {k: asked.form().get(k) for k in self._secrets} != self._secrets:
                return Response({"error": "invalid_code"})  # an error is 200
            token = f"zoho-{len(self.asked)}"
            self.tokens = {token}
            return Response(
                {
                    "access_token": token,
                    "expires_in": 3600,
                    "token_type": "Bearer",
                    "api_domain": "https://www.zohoapis.eu",
                }
            )
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if kind != "Zoho-oauthtoken" or token not in self.tokens:
            return self.unauthorized()
        path = asked.path.removeprefix("/api/v1")
        if path == "/organizations":
            return Response({"data": [{"id": self._org, "companyName": "Alder & Finch"}]})
        if asked.headers.get("orgid") != self._org:
            return self._error(403, "OAUTH_ORG_MISMATCH", "orgId is wrong")
        routes: dict[str, Callable[[Request], Response]] = {
            "/tickets/search": lambda a: self._search(a, [self._ticket(t) for t in self._known()]),
            "/contacts/search": lambda a: self._search(a, self._contacts()),
            "/accounts/search": lambda a: self._search(a, self._accounts()),
            "/accounts": lambda a: self._listed(a, self._accounts()),
            "/agents": lambda a: self._listed(a, self._agents()),
            "/departments": lambda a: self._listed(a, self._departments()),
            "/customerHappiness": self._happiness,
            "/organizationFields": self._fields,
            "/layouts": lambda a: self._listed(a, self._layouts(), most=99),
            "/businessHours": lambda a: self._listed(a, self._hours(), most=50),
            "/holidayList": lambda a: self._listed(
                a, [self._holiday_list(y) for y in self._years()], most=50
            ),
        }
        if path in routes:
            return routes[path](asked)
        return self._single(asked, path.strip("/").split("/"))

    def _single(self, asked: Request, parts: Sequence[str]) -> Response:
        """What belongs to one ticket, or one list of holidays."""
        if parts[0] == "tickets" and len(parts) == 3:
            found = [t for t in self._known() if key(14, t.number) == parts[1]]
            told = {
                "History": (self._history, 50),
                "threads": (self._threads, 200),
                "comments": (self._comments, 100),
                "timeEntry": (self._time, 100),
            }
            if found and parts[2] == "tags":
                return Response({"tags": [self._tag(name) for name in tags_of(found[0])]})
            if found and parts[2] in told:
                rows, most = told[parts[2]]
                return self._listed(asked, rows(found[0]), default=50, most=most)
        if parts[0] == "holidayList" and len(parts) == 2:
            lists = [self._holiday_list(y, with_days=True) for y in self._years()]
            wanted = [one for one in lists if one["id"] == parts[1]]
            if wanted:
                return Response(wanted[0])
        return self._error(404, "URL_NOT_FOUND", "The URL you requested could not be found.")

    def _known(self) -> list[Ticket]:
        """Trashed tickets are in no list; merged ones lead to the other."""
        return [t for t in self.alive() if not self.is_merged(t)]

    def _listed(
        self, asked: Request, rows: Sequence[Row], *, default: int = 10, most: int = 200
    ) -> Response:
        start = int(asked.query.get("from", "0"))
        size = int(asked.query.get("limit", str(default)))
        if size > most:
            return self._error(422, "UNPROCESSABLE_ENTITY", "The data is invalid")
        page = list(rows[start : start + min(size, self.per_page)])
        return Response({"data": page}) if page else Response(b"", 204)

    def _search(self, asked: Request, rows: Sequence[Row]) -> Response:
        if int(asked.query.get("from", "0")) >= self.deepest:
            return self._error(422, "UNPROCESSABLE_ENTITY", "from is out of range")
        low, high = asked.query["modifiedTimeRange"].split(",")
        found = sorted(
            (r for r in rows if low <= r["modifiedTime"] <= high),
            key=lambda r: (r["modifiedTime"], r["id"]),
        )
        reply = self._listed(asked, found, most=100)
        return (
            Response({**reply.content, "count": len(found)})
            if reply.status == 200 and isinstance(reply.content, dict)
            else reply
        )

    def _ticket(self, t: Ticket) -> Row:
        status, kind = _STATUS[t.value_at("status", self.clock) or "new"]
        agent = t.value_at("assignee", self.clock)
        team = t.value_at("team", self.clock)
        return {
            "id": key(14, t.number),
            "ticketNumber": str(t.number),
            "subject": t.topic,
            "status": status,
            "statusType": kind,
            "priority": _PRIORITY[t.value_at("priority", self.clock) or "normal"],
            "channel": _CHANNEL[t.channel],
            "category": None,
            "subCategory": None,
            "classification": t.kind.title(),
            "language": LANGUAGES[language_of(t.requester)[:2]],
            "layoutId": key(LAYOUT, form_of(t) or 0),
            "email": t.requester.email,
            "phone": None,
            "contactId": key(4, t.requester.number),
            "accountId": key(5, t.requester.company.number) if t.requester.company else None,
            "departmentId": key(6, int(team or 0)),
            "teamId": None,
            "assigneeId": key(7, int(agent)) if agent else None,
            "createdTime": when(t.created_at),
            "modifiedTime": when(self.updated_at(t)),
            "closedTime": when(self.solved_at(t)),
            "dueDate": when(BERLIN.after(t.created_at, RESOLUTION_MINUTES[t.priority] * 60)),
            "responseDueDate": None,
            "onholdTime": None,
            "threadCount": str(sum(note.is_public for note in self.notes(t))),
            "commentCount": str(sum(not note.is_public for note in self.notes(t))),
            "isEscalated": False,
            "isSpam": False,
            "isTrashed": False,
            "isDeleted": False,
            "isArchived": False,
            "cf": self._own(t),
        }

    def _own(self, t: Ticket) -> Row:
        """Custom fields, all of which are texts."""
        bought, value = bought_on(t), order_value_of(t)
        return {
            "cf_contact_reason": reason_at(t, self.clock),
            "cf_order_number": order_number_of(t),
            "cf_order_value": str(value) if value is not None else None,
            "cf_bought_on": bought.isoformat() if bought else None,
            "cf_under_warranty": str(is_under_warranty(t)).lower(),
            "cf_products": ";".join(products_of(t)) or None,
        }

    def _tag(self, name: str) -> Row:
        return {"id": key(_TAG, _TAGS.index(name)), "name": name, "tagType": "MANUAL"}

    def _fields(self, asked: Request) -> Response:
        fields = _FIELDS.get(asked.query.get("module", ""))
        if fields is None:
            return self._error(422, "UNPROCESSABLE_ENTITY", "The data is invalid")
        return Response({"data": [_field(place, *one) for place, one in enumerate(fields)]})

    def _layouts(self) -> list[Row]:
        return [
            {
                **self._stamps(),
                "id": key(LAYOUT, number),
                "layoutName": name,
                "layoutDisplayName": name,
                "module": "Cases",
                "departmentId": key(6, self.teams[0].number),
                "isDefaultLayout": number == 0,
            }
            for number, name in {0: "Default Ticket Layout", **FORMS}.items()
        ]

    def _history(self, t: Ticket) -> list[Row]:
        told: list[Row] = []
        state: dict[str, Any] = {}
        for c in t.changes_until(self.clock):
            name, after = self._property(c)
            if name in state and state[name] == after:
                continue
            # what a new ticket has comes as a bare value or an object
            is_new = c.at == t.created_at and name != "Case Owner"
            bare = "Entity" if isinstance(after, dict) else "Text"
            told.append(
                {
                    "eventName": "TicketCreated" if is_new else "TicketUpdated",
                    "eventTime": when(c.at),
                    "source": None,
                    "actor": self._actor(c),
                    "actorInfo": None,
                    "eventInfo": [
                        {
                            "propertyName": name,
                            "propertyType": bare if is_new else "ValueTransition",
                            "propertyValue": after
                            if is_new
                            else {"previousValue": state.get(name), "updatedValue": after},
                            "systemProperty": True,
                        }
                    ],
                }
            )
            state[name] = after
        return told[::-1]

    def _property(self, c: Change) -> tuple[str, Any]:
        """What a change is called in the history, and its value."""
        if c.field == "status":
            return "Status", _STATUS[str(c.after)][0]
        if c.field == "priority":
            return "Priority", _PRIORITY[str(c.after)]
        if c.field == "team":
            team = key(6, int(c.after or 0))
            return "Department", {"id": team, "name": "Team", "type": "Department"}
        agent = {"id": key(7, int(c.after)), "name": "Agent", "type": "Agent"} if c.after else None
        return "Case Owner", agent

    def _actor(self, c: Change) -> Row:
        if c.actor:
            return {"id": key(7, c.actor), "name": "Agent", "type": "Agent"}
        return {"id": None, "name": "System", "type": "System"}

    def _threads(self, t: Ticket) -> list[Row]:
        return [
            {
                "id": key(20, t.number * 100 + n),
                "direction": "out" if note.role == "agent" else "in",
                "channel": "EMAIL",
                "status": "SUCCESS",
                "visibility": "public",
                "isDescriptionThread": n == 0,
                "createdTime": when(note.at),
                "summary": note.text,
                "author": {
                    "id": key(7 if note.role == "agent" else 4, note.author),
                    "type": "AGENT" if note.role == "agent" else "END_USER",
                    "name": "x",
                },
                "hasAttach": False,
                "attachmentCount": "0",
                "contentType": "text/html",
                "canReply": True,
                "respondedIn": None,
                "sentiment": None,
                "impersonatedUser": None,
            }
            for n, note in enumerate(self.notes(t))
            if note.is_public
        ][::-1]

    def _comments(self, t: Ticket) -> list[Row]:
        return [
            {
                "id": key(21, t.number * 100 + n),
                "content": note.text,
                "contentType": "plainText",
                "isPublic": False,
                "commentedTime": when(note.at),
                "modifiedTime": None,
                "commenterId": key(7, note.author),
                "commenter": {"id": key(7, note.author), "name": "x", "type": "AGENT"},
                "attachments": [],
                "encodedContent": None,
                "impersonatedUser": None,
            }
            for n, note in enumerate(self.notes(t))
            if not note.is_public
        ]

    def _time(self, t: Ticket) -> list[Row]:
        agent = t.value_at("assignee", self.clock)
        solved = self.solved_at(t)
        if not (agent and solved and t.minutes_worked):
            return []
        return [
            {
                "id": key(16, t.number),
                "ownerId": key(7, int(agent)),
                "executedTime": when(solved),
                "hoursSpent": str(t.minutes_worked // 60),
                "minutesSpent": str(t.minutes_worked % 60),
                "secondsSpent": "0",
                "isBillable": False,
                "isTrashed": "false",  # a text
                "mode": "MANUAL",
                "createdTime": when(solved),
                "description": None,
            }
        ]

    def _happiness(self, asked: Request) -> Response:
        rows = []
        for t in self._known():
            r = t.rating
            if r and r.answered_at and r.score and r.answered_at <= self.clock:
                agent = t.value_at("assignee", self.clock)
                rows.append(
                    {
                        "id": key(15, t.number),
                        "rating": _RATING[r.score],
                        "ratedTime": when(r.answered_at),
                        "feedback": None,
                        "source": "EMAIL",
                        "ticketId": key(14, t.number),
                        "agentId": key(7, int(agent)) if agent else None,
                        "contactId": key(4, t.requester.number),
                    }
                )
        return self._listed(
            asked,
            sorted(
                rows,
                key=lambda r: str(r["ratedTime"]),
                reverse=asked.query.get("sortBy") == "-ratedTime",
            ),
        )

    def _agents(self) -> list[Row]:
        return [
            {
                "id": key(7, a.number),
                "firstName": a.name.split(" ")[0],
                "lastName": a.name.split(" ")[-1],
                "emailId": a.email,
                "status": "ACTIVE" if self.is_here(a) else "DISABLED",
                "isConfirmed": True,
                "associatedDepartmentIds": [key(6, a.team.number)],
                "timeZone": "Europe/Berlin",
            }
            for a in self.agents()
        ]

    def _departments(self) -> list[Row]:
        return [
            {
                "id": key(6, t.number),
                "name": t.name,
                "isEnabled": True,
            }
            for t in self.teams
        ]

    def _contacts(self) -> list[Row]:
        return [
            {
                "id": key(4, p.number),
                "firstName": p.name.split(" ")[0],
                "lastName": p.name.split(" ")[-1],
                "email": p.email,
                "accountId": key(5, p.company.number) if p.company else None,
                "cf": {"cf_member": str(is_member(p)).lower()},
                "createdTime": when(p.since),
                "modifiedTime": when(p.since),
            }
            for p in self.people()
        ]

    def _accounts(self) -> list[Row]:
        return [
            {
                "id": key(5, c.number),
                "accountName": c.name,
                "website": c.domain,
                "country": c.country,
                "cf": {"cf_plan": plan_of(c), "cf_seats": str(seats_of(c))},
                "createdTime": when(c.since),
                "modifiedTime": when(c.since),
            }
            for c in self.companies()
        ]

    def _hours(self) -> list[Row]:
        """Business hours in force, with closed days as 00:00 to 00:00, and some that are not."""
        open_days = [
            {
                "day": day,
                "startTime": "08:00",
                "endTime": "18:00",
                "timeSlots": [{"startTime": "08:00", "endTime": "18:00"}],
            }
            for day in _DAYS
        ]
        closed_days = [
            {"day": day, "startTime": "00:00", "endTime": "00:00", "timeSlots": []}
            for day in _CLOSED
        ]
        lists = [
            {"id": key(_HOLIDAYS, year), "name": f"Germany {year}", "status": "ACTIVE"}
            for year in self._years()
        ]
        return [
            {
                **self._stamps(),
                "id": key(_HOURS, 1),
                "name": BERLIN.name,
                "type": "SPECIFIC",
                "status": "ACTIVE",
                "timeZone": {"id": BERLIN.zone, "name": f"Berlin ( {BERLIN.zone} )"},
                "businessTimes": [*open_days, *closed_days],
                "associatedHolidayList": None,
                "holidayLists": lists,
            },
            {
                **self._stamps(),
                "id": key(_OLD_HOURS, 1),
                "name": "Around the clock",
                "type": "24X7",
                "status": "INACTIVE",
                "timeZone": {"id": BERLIN.zone, "name": f"Berlin ( {BERLIN.zone} )"},
                "businessTimes": [],
                "associatedHolidayList": None,
                "holidayLists": [],
            },
        ]

    def _years(self) -> range:
        return range(self.world.first.year, self.world.last.year + 1)

    def _holiday_list(self, year: int, *, with_days: bool = False) -> Row:
        """A list of holidays of one year; its days come in the single list only."""
        days = [
            d.strftime("%m-%d")
            for d in BERLIN.holidays_of(self.world.first, self.world.last)
            if d.year == year
        ]
        hours = {
            "businessHourId": key(_HOURS, 1),
            "businessHourName": BERLIN.name,
            "businessHourStatus": "ACTIVE",
        }
        shown: Row = {
            **self._stamps(),
            "id": key(_HOLIDAYS, year),
            "name": f"Germany {year}",
            "status": "ACTIVE",
            "year": str(year),
            "holidayListType": "YEAR_SPECIFIC",
            "associatedBusinessHours": [hours],
        }
        if with_days:
            shown["holidays"] = [
                {"from": d, "to": d, "holidayName": "Public holiday"} for d in days
            ]
        return shown

    def _stamps(self) -> Row:
        made = when(since(self.world.agents[0]))
        return {
            "createdTime": made,
            "createdBy": key(7, 1),
            "modifiedTime": made,
            "modifiedBy": key(7, 1),
        }


def _field(
    place: int, api_name: str, label: str, kind: str, values: Sequence[str] | None = None
) -> Row:
    """A field of a module's list."""
    is_own = api_name.startswith("cf_")
    return {
        "id": key(_FIELD, place),
        "displayLabel": label,
        "apiName": api_name,
        "isCustomField": is_own,
        "showToHelpCenter": True,
        "i18NLabel": label,
        "name": label if is_own else api_name,
        "isEncryptedField": False,
        "type": kind,
        "maxLength": 120,
        "isMandatory": False,
        **({"allowedValues": [{"value": value} for value in values]} if values else {}),
    }


SANDBOX = DeskAccount(
    ZohoDesk,
    {
        "dc": "eu",
        "organization_id": "60001",
        "statuses": {"Waiting on Customer": "pending"},
        "priorities": {"Urgent": "urgent"},
        "fields": {
            "contact_reason": "Contact reason",
            "form": "form",
            "language": "language",
            "products": "cf_products",
            "plan": {"field": "Plan", "of": "organization"},
        },
    },
    {
        "client_id": "zoho-client",
        "client_secret": "zoho-demo-secret",
        "refresh_token": "zoho-demo-refresh",
    },
)
