"""Fake HubSpot CRM, from developers.hubspot.com: search, batch read with history, v4 associations,
conversations.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tasks.sandbox.fake import Fake, Request, Response, page_of
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
    reason_changes,
    seats_of,
    tags_of,
)
from tasks.sandbox.story import RESOLUTION_MINUTES, Ticket
from tasks.sandbox.world import World

_ROW = dict[str, Any]
_BERLIN = ZoneInfo("Europe/Berlin")
_CONTACT, _COMPANY, _OWNER, _DEAL = 70_000, 8_000, 41_600_000, 910_000
_STAGES = {
    "new": "1",
    "pending": "2",
    "open": "3",
    "hold": "5",
    "solved": "4",
    "closed": "4",
}
_PRIORITY = {
    "low": "LOW",
    "normal": "MEDIUM",
    "high": "HIGH",
    "urgent": "URGENT",
}
_SOURCE = {
    "email": "EMAIL",
    "web": "FORM",
    "chat": "CHAT",
    "api": "API",
}
_GROUPS = ("DETRACTOR", "PASSIVE", "PROMOTER")  # of a CSAT answer's value 0, 1, 2
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
}


_LANGUAGES = {"de": "German", "en": "English", "fr": "French", "sv": "Swedish"}
_LABELS = ("vip", "warranty", "returning", "app")
_SELECT, _CHECKBOX = ("enumeration", "select"), ("enumeration", "checkbox")
_FLAG = ("bool", "booleancheckbox")
_DEFINED: dict[str, tuple[str, tuple[str, str], dict[str, str]]] = {  # label, type, options
    "hs_all_assigned_business_unit_ids": (
        "Brands",
        _CHECKBOX,
        {str(number): name for number, name in BRANDS.items()},
    ),
    "hs_ticket_language_ai_tag": (
        "Language",
        _SELECT,
        {name: name for name in _LANGUAGES.values()},
    ),
    "contact_reason": ("Contact reason", _SELECT, dict(REASONS)),
    "order_number": ("Order number", ("string", "text"), {}),
    "order_value": ("Order value", ("number", "number"), {}),
    "bought_on": ("Bought on", ("date", "date"), {}),
    "under_warranty": ("Under warranty", _FLAG, {"true": "Yes", "false": "No"}),
    "products": ("Products", _CHECKBOX, dict(PRODUCTS)),
    "labels": ("Labels", _CHECKBOX, {name: name for name in _LABELS}),
    "hs_language": ("Preferred language", _SELECT, {}),
    "member": ("Member", _FLAG, {"true": "Yes", "false": "No"}),
    "plan": ("Plan", _SELECT, dict(PLANS)),
    "seats": ("Seats", ("number", "number"), {}),
}
_PROPERTY = {  # by field of the story
    "status": "hs_pipeline_stage",
    "assignee": "hubspot_owner_id",
    "team": "hubspot_team_id",
    "priority": "hs_ticket_priority",
}


class HubSpot(Fake):
    """The HubSpot portal of the organisation: its companies and people, and the tickets of Customer
    Success.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        token: str = "hubspot-demo-token",
        all_desks: bool = False,
    ) -> None:
        super().__init__(clock=clock)
        self.world, self._token = world, token
        self._tickets = world.tickets if all_desks else world.of_desk("hubspot")
        self._agents = [a for a in world.agents if all_desks or a.team.desk == "hubspot"]
        self.oauth = {
            "client_id": "c",
            "client_secret": "s-secret",
            "refresh_token": "r-secret",
        }
        self.oauth_tokens: set[str] = set()
        self.hidden = set[str]()  # properties that the token may not see

    def _problem(self, status: int, category: str, message: str) -> Response:
        return Response(
            {
                "status": "error",
                "message": message,
                "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
                "category": category,
                "links": {},
            },
            status,
        )

    def unauthorized(self) -> Response:
        return self._problem(
            401,
            "INVALID_AUTHENTICATION",
            "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
        )

    def throttled(self) -> Response:
        return Response(
            {
                "status": "error",
                "message": "You have reached your secondly limit.",
                "errorType": "RATE_LIMIT",
                "correlationId": "c",
                "policyName": "SECONDLY",
            },
            429,
        )

    def forbidden(self) -> Response:
        return Response(
            {
                "status": "error",
                "message": "This app hasn't been granted all required scopes",
                "category": "MISSING_SCOPES",
                "context": {"missingScopes": ["crm.objects.feedback_submissions.read"]},
            },
            403,
        )

    def answer(self, asked: Request) -> Response:
        if asked.path == "/oauth/v1/token":
            return self._token_endpoint(asked)
        if asked.bearer() != self._token and asked.bearer() not in self.oauth_tokens:
            return self.unauthorized()
        for pattern, handler in self._routes():
            match = re.fullmatch(pattern, asked.path)
            if match:
                return handler(asked, *match.groups())
        return self._problem(404, "OBJECT_NOT_FOUND", "No route")

    def _routes(self) -> list[tuple[str, Callable[..., Response]]]:
        return [
            (r"/crm/v3/objects/(\w+)/search", self._search),
            (r"/crm/v3/objects/(\w+)/batch/read", self._batch_read),
            (r"/crm/v3/objects/(\w+)", self._list),
            (r"/crm/v3/objects/(\w+)/(\d+)", self._one),
            (r"/crm/v4/associations/(\w+)/(\w+)/batch/read", self._associations),
            (r"/crm/v3/owners/?", self._owners),
            (r"/crm/v3/pipelines/(\w+)", self._pipelines),
            (
                r"/crm/v3/properties/(\w+)",
                self._property_list,
            ),
            (r"/conversations/v3/conversations/threads", self._threads),
            (r"/conversations/v3/conversations/threads/(\d+)/messages", self._messages),
        ]

    def _token_endpoint(self, asked: Request) -> Response:
        form = asked.form()
        if {k: form.get(k) for k in self.oauth} != self.oauth:
            return self._problem(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        token = f"oauth-{len(self.oauth_tokens)}"
        self.oauth_tokens = {token}
        return Response(
            {
                "access_token": token,
                "refresh_token": self.oauth["refresh_token"],
                "expires_in": 1800,
                "token_type": "bearer",
            }
        )

    # objects
    # ----------------------------------------------------------------------------------------------

    def _objects(self, name: str) -> dict[str, _ROW] | None:
        makers: dict[str, Callable[[], list[_ROW]]] = {
            "tickets": lambda: [self._ticket(t) for t in self._tickets if t.known_at(self.clock)],
            "contacts": lambda: [
                self._contact(p) for p in self.world.people if p.since <= self.clock
            ],
            "companies": lambda: [
                self._company(c) for c in self.world.companies if c.since <= self.clock
            ],
            "deals": lambda: [
                d for c in self.world.companies if c.since <= self.clock for d in self._deals(c)
            ],
            "feedback_submissions": lambda: [
                f for t in self._tickets if t.known_at(self.clock) for f in self._feedback(t)
            ],
        }
        if name not in makers:
            return None
        kept: dict[str, _ROW] = self._keep(
            name, lambda: {r["id"]: r for r in sorted(makers[name](), key=lambda r: int(r["id"]))}
        )
        return kept

    def _property_list(self, asked: Request, name: str) -> Response:
        return Response({"results": [_definition(p) for p in self._names(name)]})

    def _names(self, name: str) -> list[str]:
        """Names of the properties of an object."""
        objects = (self._objects(name) or {}).values()
        named = dict.fromkeys(p for row in objects for p in row["properties"])
        return [p for p in named if p not in self.hidden]

    def _search(self, asked: Request, name: str) -> Response:
        objects, body = self._objects(name), asked.json()
        if objects is None:
            return self._problem(404, "OBJECT_NOT_FOUND", f"unknown object {name}")
        after = int(body.get("after") or 0)
        limit = int(body.get("limit", 10))
        if limit > 200 or after + limit > 10_000:
            return self._problem(
                400, "VALIDATION_ERROR", "paging over 10,000 results is not possible"
            )
        groups = body.get("filterGroups", [])
        found = [r for r in objects.values() if not r["archived"] and self._matches(r, groups)]
        for sort in reversed(body.get("sorts", [])):
            descending = isinstance(sort, dict) and sort.get("direction") == "DESCENDING"
            key = sort["propertyName"] if isinstance(sort, dict) else sort
            found.sort(key=lambda r: _number(r["properties"].get(key)), reverse=descending)
        page, more = page_of(found, after, limit)
        wanted = body.get("properties") or ["createdate", "hs_lastmodifieddate", "hs_object_id"]
        answer: _ROW = {"total": len(found), "results": [self._shown(r, wanted) for r in page]}
        if more:
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return Response(answer)

    def _matches(self, row: _ROW, groups: Sequence[_ROW]) -> bool:
        def holds(one: _ROW) -> bool:
            value = row["properties"].get(one["propertyName"])
            if one["operator"] == "HAS_PROPERTY":
                return value is not None
            return value is not None and _OPERATORS[one["operator"]](
                _number(value), _number(one["value"])
            )

        return not groups or any(all(holds(f) for f in g["filters"]) for g in groups)

    def _shown(self, row: _ROW, wanted: Sequence[str], history: Sequence[str] = ()) -> _ROW:
        always = ("createdate", "hs_lastmodifieddate", "lastmodifieddate", "hs_object_id")
        properties = {
            p: row["properties"].get(p)
            for p in (*wanted, *(a for a in always if a in row["properties"]))
        }
        shown: _ROW = {
            "id": row["id"],
            "properties": properties,
            "createdAt": row["createdAt"],
            "updatedAt": row["updatedAt"],
            "archived": row["archived"],
        }
        if history:
            shown["propertiesWithHistory"] = {p: row["_history"].get(p, []) for p in history}
        if row["archived"]:
            shown["archivedAt"] = row["archivedAt"]
        return shown

    def _batch_read(self, asked: Request, name: str) -> Response:
        objects = self._objects(name) or {}
        body = asked.json()
        ids = [i["id"] for i in body["inputs"]]
        if len(ids) > (50 if body.get("propertiesWithHistory") else 100):
            return self._problem(400, "VALIDATION_ERROR", "too many inputs")
        rows = [objects[i] for i in ids if i in objects and not objects[i]["archived"]]
        results = [
            self._shown(r, body.get("properties", []), body.get("propertiesWithHistory", []))
            for r in rows
        ]
        missing = [i for i in ids if i not in objects]
        answer: _ROW = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": "2026-01-01T00:00:00Z",
            "completedAt": "2026-01-01T00:00:00Z",
        }
        if missing:
            answer |= {
                "numErrors": 1,
                "errors": [
                    {
                        "status": "error",
                        "category": "OBJECT_NOT_FOUND",
                        "message": "Could not get some objects",
                        "context": {"ids": missing},
                    }
                ],
            }
        return Response(answer, 207 if missing else 200)

    def _list(self, asked: Request, name: str) -> Response:
        objects = self._objects(name)
        if objects is None:
            return self._problem(404, "OBJECT_NOT_FOUND", f"unknown object {name}")
        archived = asked.query.get("archived", "false") == "true"
        wanted = [p for p in asked.query.get("properties", "").split(",") if p]
        history = [p for p in asked.query.get("propertiesWithHistory", "").split(",") if p]
        after = int(asked.query.get("after") or 0)
        limit = min(int(asked.query.get("limit", "10")), 50 if history else 100)
        rows = [
            r
            for r in objects.values()
            if r["archived"] == archived and not r.get("_hidden") and int(r["id"]) > after
        ]
        page, more = page_of(rows, 0, limit)
        answer: _ROW = {"results": [self._shown(r, wanted, history) for r in page]}
        if more:
            last = page[-1]["id"]
            answer["paging"] = {
                "next": {
                    "after": last,
                    "link": f"{self.base_url}/crm/v3/objects/{name}?after={last}",
                }
            }
        return Response(answer)

    def _one(self, asked: Request, name: str, number: str) -> Response:
        row = (self._objects(name) or {}).get(number)
        if row is None or row["archived"]:
            return Response(b"", 404)
        return Response(
            self._shown(row, [p for p in asked.query.get("properties", "").split(",") if p])
        )

    def _ticket(self, ticket: Ticket) -> _ROW:
        now = self.clock
        history = self._history(ticket)
        properties = {
            **self._properties(ticket, history),
            **{p: v[0]["value"] for p, v in history.items()},
        }
        gone = ticket.deleted_at if ticket.deleted_at and ticket.deleted_at <= now else None
        merged_away = ticket.merged_at is not None and ticket.merged_at <= now
        return {
            "id": str(ticket.number),
            "properties": properties,
            "_history": history,
            "_ticket": ticket,
            "createdAt": properties["createdate"],
            "updatedAt": properties["hs_lastmodifieddate"],
            "archived": gone is not None or merged_away,
            "archivedAt": _ms(gone or ticket.merged_at or now),
            "_hidden": merged_away,
        }

    def _history(self, ticket: Ticket) -> dict[str, list[_ROW]]:
        """Versions of each property, the newest first."""
        history: dict[str, list[_ROW]] = {}
        for change in ticket.changes_until(self.clock):
            value = self._raw(change.field, change.after)
            versions = history.setdefault(_PROPERTY[change.field], [])
            if versions and versions[0]["value"] == value:
                continue
            version = {
                "value": value,
                "timestamp": _ms(change.at),
                "sourceType": "CRM_UI",
                "sourceId": f"userId:{change.actor}",
                "updatedByUserId": change.actor,
            }
            versions.insert(0, version)
        for change in reason_changes(ticket):
            if change.at <= self.clock:
                version = {
                    "value": change.after,
                    "timestamp": _ms(change.at),
                    "sourceType": "CRM_UI",
                    "sourceId": f"userId:{change.actor}",
                    "updatedByUserId": change.actor,
                }
                history.setdefault("contact_reason", []).insert(0, version)
        return history

    def _properties(self, ticket: Ticket, history: dict[str, list[_ROW]]) -> _ROW:
        opened, now = ticket.created_at, self.clock
        replies = [n.at for n in ticket.notes_until(now) if n.role == "agent" and n.is_public]
        statuses = [c for c in ticket.changes_until(now) if c.field == "status"]
        closes = [c.at for c in statuses if c.after == "solved"]
        is_closed = history["hs_pipeline_stage"][0]["value"] == "4"
        closed = closes[-1] if is_closed and closes else None
        due = opened + timedelta(minutes=RESOLUTION_MINUTES[ticket.priority])
        losers = self._losers(ticket)
        changed = max([ticket.updated_at(now), *losers.values()])
        return {
            "hs_object_id": str(ticket.number),
            "createdate": _ms(opened),
            "hs_lastmodifieddate": _ms(changed),
            "subject": ticket.topic,
            "content": None,
            "hs_pipeline": "0",
            "source_type": _SOURCE[ticket.channel],
            "hs_ticket_category": ticket.kind.upper(),
            **self._own_properties(ticket),
            "closed_date": _ms(closed) if closed else None,
            "first_agent_reply_date": _ms(replies[0]) if replies else None,
            "time_to_first_agent_reply": str(_milli(opened, replies[0])) if replies else None,
            "time_to_close": str(_milli(opened, closed)) if closed else None,
            "hs_time_to_first_response_in_operating_hours": _in_hours(opened, replies[:1]),
            "hs_time_to_close_in_operating_hours": _in_hours(opened, [closed] if closed else []),
            "hs_merged_object_ids": ";".join(map(str, losers)) or None,
            "hs_time_to_close_sla_at": _ms(due),
            "hs_time_to_close_sla_status": _sla_state(closed, due, now),
            "hs_time_to_first_response_sla_status": None,
        }

    def _own_properties(self, ticket: Ticket) -> _ROW:
        """Properties that the account has made, its brands and the language of the customer."""
        value, bought = order_value_of(ticket), bought_on(ticket)
        return {
            "hs_all_assigned_business_unit_ids": str(brand_of(ticket)),
            "hs_ticket_language_ai_tag": _LANGUAGES[language_of(ticket.requester)[:2]],
            "contact_reason": reason_at(ticket, self.clock),
            "order_number": order_number_of(ticket),
            "order_value": None if value is None else str(value),
            "bought_on": bought.isoformat() if bought else None,
            "under_warranty": str(is_under_warranty(ticket)).lower(),
            "products": ";".join(products_of(ticket)) or None,
            "labels": ";".join(tags_of(ticket)) or None,
        }

    def _losers(self, ticket: Ticket) -> dict[int, datetime]:
        """Numbers of the tickets merged into this one so far, in order, with their instants."""
        merged = {
            t.number: t.merged_at
            for t in self._tickets
            if t.merged_into == ticket.number and t.merged_at and t.merged_at <= self.clock
        }
        return dict(sorted(merged.items()))

    def _raw(self, name: str, value: str | None) -> str:
        if value is None:
            return ""
        if name == "assignee":
            return str(_OWNER + int(value))
        return {"status": _STAGES, "priority": _PRIORITY}.get(name, {}).get(value, value)

    def _contact(self, person: Any) -> _ROW:
        first, _, last = person.name.partition(" ")
        company = str(_COMPANY + person.company.number) if person.company else None
        return self._simple(
            _CONTACT + person.number,
            person.since,
            "lastmodifieddate",
            firstname=first,
            lastname=last,
            email=person.email,
            associatedcompanyid=company,
            hs_language=language_of(person).lower(),
            member=str(is_member(person)).lower(),
        )

    def _company(self, company: Any) -> _ROW:
        return self._simple(
            _COMPANY + company.number,
            company.since,
            "hs_lastmodifieddate",
            name=company.name,
            domain=company.domain,
            country=company.country,
            hubspot_owner_id=None,
            plan=plan_of(company),
            seats=str(seats_of(company)),
        )

    def _deals(self, company: Any) -> list[_ROW]:
        """A deal won with each company, and one in talks with every third.

        Every seventh company has gone since.
        """
        gone = company.since + timedelta(days=400)
        left = company.number % 7 == 0 and gone <= self.clock
        won = self._simple(
            _DEAL + company.number,
            gone if left else company.since,
            "hs_lastmodifieddate",
            dealstage="closedwon",
            closedate=f"{company.since:%Y-%m-%d}T00:00:00Z",
            amount=str(100 * company.number),
            hs_arr=str(1200 * company.number) if company.number % 2 else "0.0",
            deal_currency_code="EUR",
            hs_is_closed_won="true",
            hs_primary_associated_company=str(_COMPANY + company.number),
            recurring_revenue_inactive_date=f"{gone:%Y-%m-%d}" if left else None,
            recurring_revenue_inactive_reason="CHURNED" if left else None,
        )
        talks = self._simple(
            _DEAL + 1000 + company.number,
            company.since,
            "hs_lastmodifieddate",
            dealstage="qualifiedtobuy",
            closedate=None,
            amount="5",
            hs_arr="0.0",
            deal_currency_code="EUR",
            hs_is_closed_won="false",
            hs_primary_associated_company=str(_COMPANY + company.number),
            recurring_revenue_inactive_date=None,
            recurring_revenue_inactive_reason=None,
        )
        return [won, talks] if company.number % 3 == 0 else [won]

    def _feedback(self, ticket: Ticket) -> list[_ROW]:
        rating = ticket.rating
        if (
            rating is None
            or rating.answered_at is None
            or rating.answered_at > self.clock
            or (ticket.deleted_at and ticket.deleted_at <= self.clock)
        ):
            return []
        group = _GROUPS[min(max((rating.score or 0) - 2, 0), 2)]
        return [
            self._simple(
                ticket.number + 1,
                rating.answered_at,
                "hs_lastmodifieddate",
                hs_survey_type="CSAT",
                hs_survey_id="12",
                hs_survey_name="Ticket closed",
                hs_value=str(_GROUPS.index(group)),
                hs_response_group=group,
                hs_content=None,
                hs_submission_timestamp=_ms(rating.answered_at),
                hs_ticket_id=str(ticket.number),
                hs_contact_id=str(_CONTACT + ticket.requester.number),
            )
        ]

    def _simple(
        self, number: int, at: datetime, time_property: str, **properties: str | None
    ) -> _ROW:
        stamp = _ms(at)
        return {
            "id": str(number),
            "properties": {
                "hs_object_id": str(number),
                "createdate": stamp,
                time_property: stamp,
                **properties,
            },
            "_history": {},
            "createdAt": stamp,
            "updatedAt": stamp,
            "archived": False,
        }

    # the rest
    # ----------------------------------------------------------------------------------------------

    def _associations(self, asked: Request, source: str, target: str) -> Response:
        objects = self._objects(source) or {}
        results = []
        for one in asked.json()["inputs"]:
            row = objects.get(one["id"])
            if row is None or "_ticket" not in row:
                continue
            person = row["_ticket"].requester
            number = (
                _CONTACT + person.number
                if target == "contacts"
                else (_COMPANY + person.company.number if person.company else None)
            )
            if number is not None:
                results.append(
                    {
                        "from": {"id": one["id"]},
                        "to": [
                            {
                                "toObjectId": number,
                                "associationTypes": [
                                    {"category": "HUBSPOT_DEFINED", "typeId": 16, "label": None}
                                ],
                            }
                        ],
                    }
                )
        return Response({"status": "COMPLETE", "results": results})

    def _owners(self, asked: Request) -> Response:
        archived = asked.query.get("archived", "false") == "true"
        rows = []
        for agent in self._agents:
            gone = agent.left is not None and agent.left <= self.clock.date()
            if gone != archived or agent.hired > self.clock.date():
                continue
            first, _, last = agent.name.partition(" ")
            hired = _ms(datetime(agent.hired.year, agent.hired.month, agent.hired.day, tzinfo=UTC))
            rows.append(
                {
                    "id": str(_OWNER + agent.number),
                    "email": agent.email,
                    "type": "PERSON",
                    "firstName": first,
                    "lastName": last,
                    "userId": None if gone else agent.number,
                    "userIdIncludingInactive": agent.number,
                    "createdAt": hired,
                    "updatedAt": hired,
                    "archived": gone,
                    "teams": [
                        {
                            "id": str(agent.team.number),
                            "name": agent.team.name,
                            "primary": True,
                        }
                    ],
                }
            )
        start = int(asked.query.get("after") or 0)
        limit = int(asked.query.get("limit", "100"))
        page, more = page_of(rows, start, limit)
        return Response(
            {
                "results": list(page),
                **({"paging": {"next": {"after": str(start + limit)}}} if more else {}),
            }
        )

    def _pipelines(self, asked: Request, name: str) -> Response:
        labels = {
            "1": "New",
            "2": "Waiting on contact",
            "3": "Waiting on us",
            "5": "On hold",
            "4": "Closed",
        }
        stages = [
            {
                "id": i,
                "label": label,
                "displayOrder": place,
                "archived": False,
                "metadata": {
                    "ticketState": "CLOSED" if i == "4" else "OPEN",
                    "isClosed": "true" if i == "4" else "false",
                },
            }
            for place, (i, label) in enumerate(labels.items())
        ]
        return Response(
            {
                "results": [
                    {
                        "id": "0",
                        "label": "Support Pipeline",
                        "displayOrder": 0,
                        "archived": False,
                        "stages": stages,
                    }
                ]
            }
        )

    def _threads(self, asked: Request) -> Response:
        number = asked.query.get("associatedTicketId", "")
        row = (self._objects("tickets") or {}).get(number)
        if row is None:
            return Response({"results": []})
        return Response(
            {
                "results": [
                    {
                        "id": str(int(number) * 10),
                        "createdAt": row["createdAt"],
                        "status": "OPEN",
                        "originalChannelId": "1002",
                        "threadAssociations": {"associatedTicketId": number},
                    }
                ]
            }
        )

    def _messages(self, asked: Request, thread: str) -> Response:
        row = (self._objects("tickets") or {}).get(str(int(thread) // 10))
        if row is None:
            return self._problem(404, "OBJECT_NOT_FOUND", "no such thread")
        ticket: Ticket = row["_ticket"]
        rows: list[_ROW] = [
            {
                "id": f"{thread}-{place}",
                "type": "MESSAGE" if n.is_public else "COMMENT",
                "conversationsThreadId": thread,
                "direction": "OUTGOING" if n.role == "agent" else "INCOMING",
                "createdAt": _ms(n.at),
                "createdBy": f"A-{n.author}" if n.role == "agent" else f"V-{_CONTACT + n.author}",
                "senders": [],
                "recipients": [],
                "text": n.text,
                "truncationStatus": "NOT_TRUNCATED",
                "status": {"statusType": "SENT"},
                "archived": False,
            }
            for place, n in enumerate(ticket.notes_until(self.clock))
        ]
        rows.insert(
            0,
            {
                "id": f"{thread}-s",
                "type": "THREAD_STATUS_CHANGE",
                "conversationsThreadId": thread,
                "createdAt": row["createdAt"],
                "createdBy": "S-hubspot",
                "archived": False,
            },
        )
        start = int(asked.query.get("after") or 0)
        limit = int(asked.query.get("limit", "100"))
        page, more = page_of(rows, start, limit)
        return Response(
            {
                "results": list(page),
                **({"paging": {"next": {"after": str(start + limit)}}} if more else {}),
            }
        )


def _ms(instant: datetime) -> str:
    return (
        instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{instant.microsecond // 1000:03d}Z"
    )


def _sla_state(ended: datetime | None, due: datetime, now: datetime) -> str:
    """0 active, 1 overdue, 3 completed on time, 4 completed late."""
    if ended:
        return "4" if ended > due else "3"
    return "1" if now > due else "0"


def _in_hours(start: datetime, ends: list[datetime]) -> str | None:
    """Milliseconds of the SLA's working hours up to an instant, if there is one.

    They are Monday to Friday from 9 to 17 in Berlin, holidays too.
    """
    return (
        str(sum(_in_hours_of(day, start, ends[0]) for day in _days(start, ends[0])))
        if ends
        else None
    )


def _days(start: datetime, end: datetime) -> Iterator[date]:
    """The days of a span, and their neighbours."""
    first, count = (start - timedelta(days=1)).date(), (end - start).days + 3
    return (first + timedelta(days=number) for number in range(count))


def _in_hours_of(day: date, start: datetime, end: datetime) -> int:
    """Milliseconds of a span in one day's working hours."""
    if day.weekday() >= 5:
        return 0
    opens, closes = (datetime.combine(day, time(hour), _BERLIN) for hour in (9, 17))
    within = min(end, closes.astimezone(UTC)) - max(start, opens.astimezone(UTC))
    return max(0, int(within.total_seconds()) * 1000)


def _definition(name: str) -> _ROW:
    """A property of a list; what the account has not made is a text here."""
    label, (kind, field_type), options = _DEFINED.get(name, (name, ("string", "text"), {}))
    return {
        "name": name,
        "label": label,
        "type": kind,
        "fieldType": field_type,
        "groupName": "ticketinformation",
        "description": "",
        "options": [
            {"label": title, "value": value, "displayOrder": place, "hidden": False}
            for place, (value, title) in enumerate(options.items())
        ],
        "hidden": False,
        "archived": False,
        "createdAt": "2024-01-05T00:00:00Z",
        "updatedAt": "2024-01-05T00:00:00Z",
    }


def _milli(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() * 1000)


def _number(value: Any) -> float:
    """Search compares dates as epoch milliseconds and ids as numbers."""
    text = str(value)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    try:
        return datetime.fromisoformat(text).timestamp() * 1000
    except ValueError:
        return 0.0
