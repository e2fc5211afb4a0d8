"""Fake Jira Service Management, from Atlassian's API descriptions: token paging, bounded JQL, bulk
changelogs.
"""

import base64
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tasks.sandbox.desk import Desk, DeskAccount, Row
from tasks.sandbox.fake import Request, Response, page_of
from tasks.sandbox.oauth import TokenDesk
from tasks.sandbox.own_fields import (
    BRANDS,
    FORMS,
    PRODUCTS,
    REASONS,
    bought_on,
    brand_of,
    form_of,
    language_of,
    order_number_of,
    order_value_of,
    products_of,
    reason_at,
    tags_of,
)
from tasks.sandbox.story import BERLIN, FIRST_REPLY_MINUTES, RESOLUTION_MINUTES, Change, Ticket
from tasks.sandbox.world import World

_STATUS = {
    "new": ("1", "Open", "new"),
    "open": ("3", "In Progress", "indeterminate"),
    "pending": ("10", "Waiting for customer", "indeterminate"),
    "hold": ("11", "On hold", "indeterminate"),
    "solved": ("5", "Resolved", "done"),
    "closed": ("6", "Closed", "done"),
}
_BULK = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
_PRIORITY = {
    "low": ("4", "Low"),
    "normal": ("3", "Medium"),
    "high": ("2", "High"),
    "urgent": ("1", "Highest"),
}


_MYSELF: Row = {
    "accountId": "5b0",
    "accountType": "atlassian",
    "displayName": "ETL",
}
_SERVER: Row = {
    "version": "1001.0.0",
    "versionNumbers": [1001, 0, 0],
    "deploymentType": "Cloud",
}
_PROJECT: Row = {
    "id": "10000",
    "key": "SUP",
    "name": "Support",
    "projectTypeKey": "service_desk",
}
_AUTOMATION: Row = {
    "accountId": "557058:automation",
    "accountType": "app",
    "displayName": "Automation for Jira",
    "active": True,
}
_GROUP: Row = {
    "name": "jira-servicedesk-users",
    "groupId": "276f955c-63d7-42c8-9520-92d01dca0625",
}
_CHANNEL = {"email": "email", "web": "portal", "chat": "portal", "api": "api"}
_DESK = "com.atlassian.servicedesk"
_PLAIN = "com.atlassian.jira.plugin.system.customfieldtypes"
_LINGO = f"{_DESK}.servicedesk-lingo-integration-plugin"
_SLA_TYPE = ("sd-servicelevelagreement", f"{_DESK}:sd-sla-field")
_CUSTOM = (  # as the lists of fields of real sites have them
    ("10030", "Time to first response", *_SLA_TYPE),
    ("10033", "Time to resolution", *_SLA_TYPE),
    ("10031", "Satisfaction", "sd-feedback", f"{_DESK}:sd-request-feedback"),
    ("10034", "Satisfaction date", "datetime", f"{_DESK}:sd-request-feedback-date"),
    ("10010", "Request Type", "sd-customerrequesttype", f"{_DESK}:vp-origin"),
    ("10044", "Request language", "sd-request-lang", f"{_LINGO}:sd-request-language"),
    ("10050", "Contact reason", "option-with-child", f"{_PLAIN}:cascadingselect"),
    ("10051", "Brand", "option", f"{_PLAIN}:select"),
    ("10052", "Products", "array of option", f"{_PLAIN}:multicheckboxes"),
    ("10053", "Order number", "string", f"{_PLAIN}:textfield"),
    ("10054", "Order value", "number", f"{_PLAIN}:float"),
    ("10055", "Bought on", "date", f"{_PLAIN}:datepicker"),
)


def _schema(kind: str) -> Row:
    """The type of a field; that of a list names its items."""
    items = kind.removeprefix("array of ")
    return {"type": kind} if items == kind else {"type": "array", "items": items}


def _fields() -> list[Row]:
    summary = {
        "id": "summary",
        "key": "summary",
        "name": "Summary",
        "custom": False,
        "navigable": True,
        "schema": {"type": "string", "system": "summary"},
    }
    custom = [
        {
            "id": f"customfield_{number}",
            "key": f"customfield_{number}",
            "name": name,
            "untranslatedName": name,
            "custom": True,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": [f"cf[{number}]", name],
            "schema": {**_schema(kind), "custom": plugin, "customId": int(number)},
        }
        for number, name, kind, plugin in _CUSTOM
    ]
    return [summary, *custom]


def _account(number: int) -> tuple[str, str]:
    """A customer's id and kind: every fourth is an employee, with an Atlassian account."""
    if number % 4:
        return f"qm:{number}", "customer"
    return f"712020:{number}", "atlassian"


def _statuses() -> list[Row]:
    return [
        {
            "id": i,
            "name": n,
            "statusCategory": _BULK[c],
            "scope": {"type": "GLOBAL"},
        }
        for i, n, c in _STATUS.values()
    ]


_GATEWAY = re.compile(r"^/ex/jira/[\w-]+")  # api.atlassian.com leads on to the site


def _error(message: str, status: int) -> Response:
    return Response({"errorMessages": [message]}, status)


class Jira(Desk):
    """A site whose API user lives in `zone`: JQL's times are read there, to the minute."""

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        email: str = "etl@alderfinch.example",
        token: str = "jira-demo-token",
        tickets: Any = None,
        zone: str = "Europe/Berlin",
    ) -> None:
        super().__init__(world, clock=clock, tickets=tickets)
        self._login = (email, token)
        self.token_desk = TokenDesk(
            "jira",
            ("jira-client", "jira-demo-secret"),
            ("client_credentials", "refresh_token"),
            refresh_token="jira-demo-refresh",
            rotates=True,
            sends="json",
            refused_status=403,
            refusal={
                "error": "unauthorized_client",
                "error_description": "refresh_token is invalid",
            },
            more={"expires_in": 3600, "scope": "read:jira-work offline_access"},
        )
        self.zone = ZoneInfo(zone)
        self.per_page = 100
        self.comments_within = 20  # that a search holds of an issue

    def unauthorized(self) -> Response:
        return Response(
            {
                "errorMessages": ["Client must be authenticated to access this resource."],
                "errors": {},
            },
            401,
        )

    def throttled(self) -> Response:
        return Response(
            {"errorMessages": ["Rate limit exceeded"]},
            429,
            {"retry-after": "1", "ratelimit-reason": "jira-burst-based"},
        )

    def forbidden(self) -> Response:
        return Response(
            {
                "errorMessage": "You do not have a Jira Service Management license",
                "i18nErrorMessage": {"i18nKey": "sd.agent.no.licence", "parameters": []},
            },
            403,
        )

    def _bad(self, message: str) -> Response:
        return Response({"errorMessages": [message], "errors": {}}, 400)

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/token":
            return self.token_desk.answer(asked)
        asked = replace(asked, path=_GATEWAY.sub("", asked.path))
        if asked.basic() != self._login and asked.bearer() not in self.token_desk.tokens:
            return self.unauthorized()
        routes: dict[str, Callable[[Request], Response]] = {
            "/rest/api/3/myself": lambda a: Response({**_MYSELF, "timeZone": str(self.zone)}),
            "/rest/api/3/search/jql": self._search,
            "/rest/api/3/changelog/bulkfetch": self._changelogs,
            "/rest/api/3/users/search": self._users,
            "/rest/api/3/statuses/search": lambda a: self._values(a, _statuses()),
            "/rest/api/3/project/search": lambda a: self._values(a, [_PROJECT]),
            "/rest/servicedeskapi/organization": self._organizations,
            "/rest/api/3/worklog/updated": self._worklogs,
            "/rest/api/3/worklog/list": self._worklog_list,
            "/rest/api/3/serverInfo": lambda a: Response({"baseUrl": self.base_url, **_SERVER}),
            "/rest/api/3/field": lambda a: Response(_fields()),
            "/rest/api/3/applicationrole/jira-servicedesk": self._role,
            "/rest/api/3/group/member": self._members,
            "/rest/api/3/search": lambda a: _error("The requested API has been removed.", 410),
        }
        if asked.path in routes:
            return routes[asked.path](asked)
        match = re.fullmatch(r"/rest/api/3/issue/(\d+)/comment", asked.path)
        if not match:
            return Response({"errorMessages": ["not found"]}, 404)
        issue = next((t for t in self.alive() if str(t.number) == match[1]), None)
        if issue is None:
            return _error("Issue does not exist or you do not have permission to see it.", 404)
        return self._comments(asked, issue)

    def when(self, at: datetime) -> str:
        """2026-01-05T09:12:33.000+0100: local, offset without colon."""
        return at.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S.000%z")

    def _search(self, asked: Request) -> Response:
        body: Row = (
            asked.json()
            if asked.method == "POST"
            else {**asked.query, "fields": asked.query.get("fields", "").split(",")}
        )
        bound = re.search(r'updated >= "(\d{4}-\d\d-\d\d \d\d:\d\d)"', body.get("jql", ""))
        conditions = re.sub(r"(?i)\s*order by.*", "", body.get("jql", ""))
        if not conditions.strip():
            return self._bad(
                "Unbounded JQL queries are not allowed here. Please add a search restriction to"
                " your query."
            )
        if "fields" not in body:
            return Response(
                {"issues": [{"id": str(t.number)} for t in self.alive()][:50], "isLast": True}
            )
        upper = re.search(r'updated < "(\d{4}-\d\d-\d\d \d\d:\d\d)"', body.get("jql", ""))
        low = (
            datetime.strptime(bound[1], "%Y-%m-%d %H:%M").replace(tzinfo=self.zone)
            if bound
            else datetime.min.replace(tzinfo=UTC)
        )
        high = (
            datetime.strptime(upper[1], "%Y-%m-%d %H:%M").replace(tzinfo=self.zone)
            if upper
            else datetime.max.replace(tzinfo=UTC)
        )
        is_open = "resolution IS EMPTY" in conditions
        rows = sorted(
            (
                t
                for t in self.alive()
                if low <= self.updated_at(t) < high and not (is_open and self.solved_at(t))
            ),
            key=lambda t: (self.updated_at(t), t.number),
        )
        start = int(base64.b64decode(body["nextPageToken"])) if body.get("nextPageToken") else 0
        page, more = page_of(rows, start, min(int(body.get("maxResults", 50)), self.per_page))
        answer: Row = {"issues": [self._found(t, body) for t in page], "isLast": not more}
        if more:
            answer["nextPageToken"] = base64.b64encode(str(start + len(page)).encode()).decode()
        return Response(answer)

    def _person(self, number: int, role: str) -> Row:
        if role == "agent":
            name = next(a.name for a in self.world.agents if a.number == number)
            return {
                "accountId": f"5b{number}",
                "displayName": name,
                "accountType": "atlassian",
                "active": True,
                "timeZone": "Europe/Berlin",
            }
        account, kind = _account(number)
        return {
            "accountId": account,
            "displayName": self.world.people[number - 1].name,
            "accountType": kind,
            "emailAddress": None,
            "active": True,
        }

    def _found(self, t: Ticket, body: Row) -> Row:
        """An issue with what the search asks for next to the navigable fields."""
        issue = self._issue(t)
        if "comment" in body["fields"]:
            rows = self._comment_rows(t)
            within = rows[: self.comments_within]
            issue["fields"]["comment"] = {
                "comments": within,
                "self": f"{issue['self']}/comment",
                "maxResults": len(within),
                "total": len(rows),
                "startAt": 0,
            }
        if "request.channel.type" in body.get("properties", ()):
            found = {"value": _CHANNEL[t.channel]}
            issue["properties"] = {"request.channel.type": found}
        return issue

    def _issue(self, t: Ticket) -> Row:
        number, name, category = _STATUS[t.value_at("status", self.clock) or "new"]
        agent, priority, solved = (
            t.value_at("assignee", self.clock),
            _PRIORITY[t.value_at("priority", self.clock) or "normal"],
            self.solved_at(t),
        )
        rating = (
            t.rating
            if t.rating and t.rating.answered_at and t.rating.answered_at <= self.clock
            else None
        )
        return {
            "id": str(t.number),
            "key": f"SUP-{t.number}",
            "self": f"{self.base_url}/rest/api/3/issue/{t.number}",
            "fields": {
                "summary": t.topic,
                "project": {"id": "10000", "key": "SUP", "projectTypeKey": "service_desk"},
                "issuetype": {"id": "10010", "name": "[System] Incident"},
                "status": {
                    "id": number,
                    "name": name,
                    "statusCategory": {"id": 3, "key": category, "name": category},
                },
                "priority": {"id": priority[0], "name": priority[1]},
                "assignee": self._person(int(agent), "agent") if agent else None,
                "reporter": self._person(t.requester.number, "customer"),
                "creator": self._person(t.requester.number, "customer"),
                "created": self.when(t.created_at),
                "updated": self.when(self.updated_at(t)),
                "resolutiondate": self.when(solved) if solved else None,
                "resolution": {"id": "10000", "name": "Done"} if solved else None,
                "labels": tags_of(t),
                **self._own_fields(t),
                "customfield_10030": self._sla(
                    "1", "Time to first response", t, FIRST_REPLY_MINUTES, self.first_reply_at(t)
                ),
                "customfield_10033": self._sla(
                    "2", "Time to resolution", t, RESOLUTION_MINUTES, solved
                ),
                "customfield_10031": {"rating": rating.score} if rating else None,
                "customfield_10034": (
                    self.when(rating.answered_at) if rating and rating.answered_at else None
                ),
            },
        }

    def _own_fields(self, t: Ticket) -> Row:
        """The fields of the site that people fill; an empty one is null."""
        reason, bought = reason_at(t, self.clock), bought_on(t)
        form, language = form_of(t), language_of(t.requester)
        kind = {"requestType": {"id": str(form), "name": FORMS[form]}} if form else None
        named = {"languageCode": language, "displayName": language}
        return {
            "customfield_10010": kind,
            "customfield_10044": named,
            "customfield_10050": self._cascade(REASONS[reason]) if reason else None,
            "customfield_10051": self._option(BRANDS[brand_of(t)]),
            "customfield_10052": [self._option(PRODUCTS[p]) for p in products_of(t)] or None,
            "customfield_10053": order_number_of(t),
            "customfield_10054": order_value_of(t),
            "customfield_10055": bought.isoformat() if bought else None,
        }

    def _option(self, value: str) -> Row:
        number = str(zlib.crc32(value.encode()) % 90_000 + 10_000)
        return {
            "self": f"{self.base_url}/rest/api/3/customFieldOption/{number}",
            "value": value,
            "id": number,
        }

    def _cascade(self, value: str) -> Row:
        first, _, second = value.partition("::")
        inner = {"child": self._option(second)} if second else {}
        return {**self._option(first), **inner}

    def _moment(self, at: datetime) -> Row:
        return {
            "iso8601": at.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
            "jira": self.when(at),
            "friendly": "Today",
            "epochMillis": int(at.timestamp() * 1000),
        }

    def _sla(
        self, number: str, name: str, t: Ticket, goals: dict[str, int], ended: datetime | None
    ) -> Row:
        goal = goals[t.priority]
        due = BERLIN.after(t.created_at, goal * 60)
        cycle: Row = {
            "startTime": self._moment(t.created_at),
            "breachTime": self._moment(due),
            "breached": (ended or self.clock) > due,
            "goalDuration": {"millis": goal * 60_000, "friendly": f"{goal}m"},
            "elapsedTime": {"millis": 0, "friendly": "0m"},
            "remainingTime": {"millis": 0, "friendly": "0m"},
        }
        if ended:
            return {
                "id": number,
                "name": name,
                "_links": {},
                "completedCycles": [{**cycle, "stopTime": self._moment(ended)}],
                "slaDisplayFormat": "NEW_SLA_FORMAT",
            }
        return {
            "id": number,
            "name": name,
            "_links": {},
            "slaDisplayFormat": "NEW_SLA_FORMAT",
            "completedCycles": [],
            "ongoingCycle": {**cycle, "paused": False, "withinCalendarHours": True},
        }

    def _changelogs(self, asked: Request) -> Response:
        body = asked.json()
        if len(body["issueIdsOrKeys"]) > 1000:
            return self._bad("Too many issues")
        wanted = set(body["issueIdsOrKeys"])
        rows = [(t, c) for t in self.alive() if str(t.number) in wanted for c in self._told(t)]
        start = int(body["nextPageToken"]) if body.get("nextPageToken") else 0
        page, more = page_of(rows, start, min(int(body.get("maxResults", 1000)), 1000))
        by_issue: dict[int, list[Row]] = {}
        for t, c in page:
            by_issue.setdefault(t.number, []).append(self._history(t, c))
        return Response(
            {
                "issueChangeLogs": [
                    {"issueId": str(n), "changeHistories": listed} for n, listed in by_issue.items()
                ],
                "nextPageToken": str(start + len(page)) if more else None,
            }
        )

    def _told(self, t: Ticket) -> list[Change]:
        """The first values are not in the changelog; there are no teams."""
        return [
            c
            for c in t.changes_until(self.clock)
            if c.field != "team" and (c.before is not None or c.field == "assignee")
        ]

    def _history(self, t: Ticket, c: Change) -> Row:
        def value(raw: str | None) -> tuple[str | None, str | None]:
            if raw is None:
                return None, None
            if c.field == "assignee":
                return f"5b{raw}", raw
            number, name = (_STATUS[raw] if c.field == "status" else _PRIORITY[raw])[:2]
            return number, name

        (before, before_name) = value(c.before)
        (after, after_name) = value(c.after)
        return {
            "id": str(t.number * 100 + t.changes.index(c)),
            "author": {"accountId": f"5b{c.actor}"} if c.actor else None,
            "created": int(c.at.timestamp() * 1000) if c.field == "priority" else self.when(c.at),
            "items": [
                {
                    "field": c.field,
                    "fieldId": c.field,
                    "fieldtype": "jira",
                    "from": before,
                    "fromString": before_name,
                    "to": after,
                    "toString": after_name,
                }
            ],
        }

    def _comment_rows(self, t: Ticket) -> list[Row]:
        return [
            {
                "id": str(t.number * 100 + n),
                "author": self._person(note.author, note.role),
                "body": {
                    "type": "doc",
                    "version": 1,
                    "content": [],
                },
                "created": self.when(note.at),
                "updated": self.when(note.at),
                "jsdPublic": note.is_public,
            }
            for n, note in enumerate(self.notes(t))
            if n > 0
        ]

    def _comments(self, asked: Request, t: Ticket) -> Response:
        rows = self._comment_rows(t)
        start = int(asked.query.get("startAt", "0"))
        size = min(int(asked.query.get("maxResults", "50")), 100)
        return Response(
            {
                "startAt": start,
                "maxResults": size,
                "total": len(rows),
                "comments": list(page_of(rows, start, size)[0]),
            }
        )

    def _role(self, asked: Request) -> Response:
        """Whose members are agents; others have no licence for the service desks."""
        return Response(
            {
                "key": "jira-servicedesk",
                "name": "Jira Service Management",
                "groups": [_GROUP["name"]],
                "groupDetails": [{**_GROUP, "self": f"{self.base_url}/rest/api/3/group?groupId=1"}],
                "defaultGroups": [_GROUP["name"]],
                "userCountDescription": "agents",
            }
        )

    def _members(self, asked: Request) -> Response:
        """Agents, and an app, which has the role too."""
        if asked.query.get("groupId") != _GROUP["groupId"]:
            return _error("The group was not found.", 404)
        return self._values(asked, [*self._agent_rows(), _AUTOMATION])

    def _agent_rows(self) -> list[Row]:
        return [
            {
                "accountId": f"5b{a.number}",
                "accountType": "atlassian",
                "displayName": a.name,
                "emailAddress": a.email,
                "active": self.is_here(a),
            }
            for a in self.agents()
        ]

    def _users(self, asked: Request) -> Response:
        agents = [*self._agent_rows(), _AUTOMATION]
        customers = [
            {
                "accountId": _account(p.number)[0],
                "accountType": _account(p.number)[1],
                "displayName": p.name,
                "emailAddress": None,
                "active": True,
            }
            for p in self.people()
        ]
        return Response(
            list(
                page_of(
                    [*agents, *customers],
                    int(asked.query.get("startAt", "0")),
                    min(int(asked.query.get("maxResults", "50")), 200),
                )[0]
            )
        )

    def _values(self, asked: Request, rows: Sequence[Row]) -> Response:
        start = int(asked.query.get("startAt", "0"))
        size = min(int(asked.query.get("maxResults", "50")), 50)
        page, more = page_of(rows, start, size)
        return Response(
            {
                "startAt": start,
                "maxResults": size,
                "total": len(rows),
                "isLast": not more,
                "values": list(page),
            }
        )

    def _organizations(self, asked: Request) -> Response:
        start = int(asked.query.get("start", "0"))
        size = min(int(asked.query.get("limit", "50")), 50)
        page, more = page_of(self.companies(), start, size)
        return Response(
            {
                "size": len(page),
                "start": start,
                "limit": size,
                "isLastPage": not more,
                "_links": {},
                "values": [
                    {
                        "id": str(c.number),
                        "name": c.name,
                        "_links": {},
                    }
                    for c in page
                ],
            }
        )

    def _worked(self) -> list[tuple[int, datetime, Ticket, str]]:
        found = []
        for t in self.alive():
            agent = t.value_at("assignee", self.clock)
            solved = self.solved_at(t)
            if (
                agent
                and solved
                and t.minutes_worked
                and solved <= self.clock - timedelta(minutes=1)
            ):
                found.append((t.number + 9, solved, t, agent))
        return sorted(found, key=lambda w: w[1])

    def _worklogs(self, asked: Request) -> Response:
        low = int(asked.query.get("since", "0"))
        rows = [
            {
                "worklogId": n,
                "updatedTime": int(at.timestamp() * 1000),
                "properties": [],
            }
            for n, at, _, _ in self._worked()
            if at.timestamp() * 1000 >= low
        ]
        page, more = page_of(rows, 0, 1000)
        until = page[-1]["updatedTime"] if page else low
        return Response(
            {
                "values": list(page),
                "since": low,
                "until": until,
                "lastPage": not more,
                "nextPage": f"{self.base_url}/rest/api/3/worklog/updated?since={until}",
            }
        )

    def _worklog_list(self, asked: Request) -> Response:
        wanted = set(map(int, asked.json()["ids"]))
        return Response(
            [
                {
                    "id": str(n),
                    "issueId": str(t.number),
                    "author": {"accountId": f"5b{agent}"},
                    "started": self.when(at),
                    "timeSpentSeconds": t.minutes_worked * 60,
                    "created": self.when(at),
                    "updated": self.when(at),
                }
                for n, at, t, agent in self._worked()
                if n in wanted
            ]
        )


_CHOSEN: dict[str, Any] = {
    "contact_reason": {
        "field": "Contact reason",
        "values": {
            "Product / Defect": "Product::Defect",
            "Product / Spare parts": "Product::Spare parts",
            "Billing / Invoice": "Billing::Invoice",
            "Billing / Refund": "Billing::Refund",
        },
    },
    "brand": "Brand",
    "tags": "tags",
    "form": "Request Type",
}

SANDBOX = DeskAccount(
    Jira,
    {
        "site": "alderfinch",
        "email": "etl@alderfinch.example",
        "hours": "Mon-Fri 08:00-18:00",
        "time_zone": "Europe/Berlin",
        "holiday_country": "DE",
        "statuses": {"Waiting for customer": "pending", "On hold": "hold"},
        "sla_metrics": {
            "Time to first response": "first_reply",
            "Time to resolution": "resolution",
        },
        "fields": _CHOSEN,
    },
    {"api_token": "jira-demo-token"},
)
