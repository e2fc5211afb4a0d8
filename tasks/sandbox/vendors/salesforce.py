"""Fake Salesforce, from Salesforce's developer documentation: SOQL over REST, locators, Bulk API
2.0 query jobs as CSV.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tasks.sandbox.desk import Desk, DeskAccount, Row, since
from tasks.sandbox.fake import Request, Response, page_of
from tasks.sandbox.oauth import JWT_BEARER, TokenDesk
from tasks.sandbox.own_fields import (
    BRANDS,
    FORMS,
    LANGUAGES,
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
    seats_of,
)
from tasks.sandbox.story import (
    BERLIN,
    FIRST_REPLY_MINUTES,
    NEW_YORK,
    RESOLUTION_MINUTES,
    Schedule,
    Ticket,
)
from tasks.sandbox.world import World

VERSION = "v65.0"
_STATUS = {
    "new": "New",
    "open": "Working",
    "pending": "Waiting on Customer",
    "hold": "On Hold",
    "solved": "Closed",
    "closed": "Closed",
}
_PRIORITY = {
    "low": "Low",
    "normal": "Medium",
    "high": "High",
    "urgent": "Critical",
}
_ORIGIN = {
    "email": "Email",
    "web": "Web",
    "chat": "Chat",
    "api": "Web",
}
_ROBOT = 999  # the automated process user: it creates mails that come in, and those of flows
_ONCE = {
    "IsAllDay": True,
    "StartTimeInMinutes": None,
    "EndTimeInMinutes": None,
    "IsRecurrence": False,
    "RecurrenceType": None,
    "RecurrenceInterval": None,
    "RecurrenceStartDate": None,
    "RecurrenceEndDateOnly": None,
    "RecurrenceDayOfMonth": None,
    "RecurrenceMonthOfYear": None,
    "RecurrenceInstance": None,
    "RecurrenceDayOfWeekMask": None,
}
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def key(prefix: str, number: int) -> str:
    """An id of 18 characters."""
    return f"{prefix}{number:012d}AAA"


def when(at: datetime | None) -> str | None:
    """2026-02-01T09:00:00.000+0000."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000") if at else None


_TOKEN = {"id": "", "issued_at": "1769936400000", "signature": "x"}  # no lifetime is named


class Salesforce(Desk):
    """An org. REST gives `per_page` rows; the bulk API parts of `bulk_page`."""

    schedules = (BERLIN, replace(NEW_YORK, country=BERLIN.country))  # a holiday closes both

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        client_id: str = "sf-client",
        client_secret: str = "salesforce-demo-secret",
        tickets: Any = None,
    ) -> None:
        super().__init__(world, clock=clock, tickets=tickets)
        self.token_desk = TokenDesk(
            "sf",
            (client_id, client_secret),
            ("client_credentials", "refresh_token", "password", JWT_BEARER),
            refresh_token="salesforce-demo-refresh",
            rotates=True,
            login=("etl@alderfinch.example", "salesforce-demo-passwordsecurity-demo-token"),
            refusal={"error": "invalid_grant", "error_description": "authentication failure"},
        )
        self.per_page, self.bulk_page = 2000, 50_000
        self._open: dict[str, list[Row]] = {}
        self.tracked = {"Status", "OwnerId", "Priority"}  # fields with a history
        self._jobs: dict[str, tuple[list[str], list[Row], int]] = {}

    def _problem(self, status: int, code: str, message: str) -> Response:
        return Response([{"message": message, "errorCode": code}], status)

    def unauthorized(self) -> Response:
        self.token_desk.tokens.clear()
        return self._problem(401, "INVALID_SESSION_ID", "Session expired or invalid")

    def throttled(self) -> Response:
        return self._problem(429, "SERVER_UNAVAILABLE", "Server is busy")

    def forbidden(self) -> Response:
        return self._problem(
            403, "API_DISABLED_FOR_ORG", "API is not enabled for this organization"
        )

    def answer(self, asked: Request) -> Response:
        if asked.path == "/services/oauth2/token":
            self.token_desk.more = {**_TOKEN, "instance_url": self.base_url}
            return self.token_desk.answer(asked)
        if asked.bearer() not in self.token_desk.tokens:
            return self._problem(401, "INVALID_SESSION_ID", "Session expired or invalid")
        path = asked.path.removeprefix(f"/services/data/{VERSION}").rstrip("/")
        if path == "/limits":
            return Response({"DailyApiRequests": {"Max": 100_000, "Remaining": 99_000}})
        if path in {"/query", "/queryAll"}:
            return self._query(unquote(asked.query.get("q", "")), with_deleted=path == "/queryAll")
        described = re.fullmatch(r"/sobjects/(\w+)/describe", path)
        if described and described[1] in _OBJECTS:
            return Response(_described(described[1]))
        if path.startswith("/query/"):
            return self._next(path.removeprefix("/query/"))
        if path.startswith("/jobs/query"):
            return self._bulk(asked, path.removeprefix("/jobs/query").strip("/").split("/"))
        return self._problem(404, "NOT_FOUND", "The requested resource does not exist")

    def _query(self, soql: str, *, with_deleted: bool) -> Response:
        found = self._selected(soql, with_deleted=with_deleted)
        if isinstance(found, Response):
            return found
        names, rows = found
        shown = [
            {
                "attributes": {"type": names[0], "url": "x"},
                **{n: r[n] for n in names[1:] if "." not in n},
                **{n.split(".")[0]: {n.split(".")[1]: r[n]} for n in names[1:] if "." in n},
            }
            for r in rows
        ]
        locator = f"01g{len(self._open):012d}AAA"
        self._open[locator] = shown
        return self._part(locator, 0)

    def _next(self, name: str) -> Response:
        locator, _, start = name.partition("-")
        if locator not in self._open:
            return self._problem(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._part(locator, int(start))

    def _part(self, locator: str, start: int) -> Response:
        rows = self._open[locator]
        page, more = page_of(rows, start, self.per_page)
        answer: Row = {
            "totalSize": len(rows),
            "done": not more,
            "records": list(page),
        }
        if more:
            answer["nextRecordsUrl"] = (
                f"/services/data/{VERSION}/query/{locator}-{start + self.per_page}"
            )
        return Response(answer, 200, {"sforce-limit-info": "api-usage=18/5000"})

    def _selected(self, soql: str, *, with_deleted: bool) -> tuple[list[str], list[Row]] | Response:
        match = re.fullmatch(
            r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY ([\w, ]+))?", soql
        )
        if not match:
            return self._problem(400, "MALFORMED_QUERY", f"unexpected token in '{soql[:40]}'")
        names = [n.strip() for n in match[1].split(",")]
        table = match[2]
        tables = self._tables()
        if table not in tables:
            return self._problem(400, "INVALID_TYPE", f"sObject type '{table}' is not supported.")
        rows = tables[table]
        unknown = [n for n in names if rows and n not in rows[0]]
        if unknown:
            relation, _, column = unknown[0].rpartition(".")
            entity = {"": table, "CreatedBy": "User"}.get(relation, relation)
            return self._problem(
                400, "INVALID_FIELD", f"No such column '{column}' on entity '{entity}'."
            )
        for clause in (match[3] or "").split(" AND "):
            if not clause:
                continue
            told = re.fullmatch(r"([\w.]+) (>=|<|=) ('?[\w:.+-]+'?)", clause)
            if not told:
                return self._problem(400, "MALFORMED_QUERY", f"unexpected token: {clause}")
            name, operator, value = told.groups()
            if operator == "=":
                rows = [r for r in rows if str(r[name]).lower() == value.strip("'").lower()]
            else:
                bound = value.rstrip("Z")
                rows = [
                    r
                    for r in rows
                    if (
                        str(r[name])[:19] >= bound
                        if operator == ">="
                        else str(r[name])[:19] < bound
                    )
                ]
        rows = [r for r in rows if with_deleted or not r.get("IsDeleted")]
        order = [n.strip() for n in (match[4] or "Id").split(",")]
        return [table, *names], sorted(rows, key=lambda r: tuple(str(r[n]) for n in order))

    def _bulk(self, asked: Request, parts: Sequence[str]) -> Response:
        if parts == [""]:
            body = asked.json()
            found = self._selected(body["query"], with_deleted=body["operation"] == "queryAll")
            if isinstance(found, Response):
                return found
            job = f"750{len(self._jobs):012d}AAA"
            self._jobs[job] = (found[0][1:], found[1], 0)
            return Response(
                {
                    "id": job,
                    "operation": body["operation"],
                    "state": "UploadComplete",
                    "contentType": "CSV",
                }
            )
        names, rows, polls = self._jobs[parts[0]]
        if len(parts) == 1:
            self._jobs[parts[0]] = (names, rows, polls + 1)
            return Response(
                {
                    "id": parts[0],
                    "state": "InProgress" if polls == 0 else "JobComplete",
                    "numberRecordsProcessed": len(rows),
                }
            )
        start = int(asked.query.get("locator", "0"))
        page, more = page_of(
            rows, start, min(int(asked.query.get("maxRecords", "50000")), self.bulk_page)
        )
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(r[n]) for n in names] for r in page)
        return Response(
            text.getvalue().encode(),
            200,
            {
                "content-type": "text/csv",
                "sforce-locator": str(start + len(page)) if more else "null",
                "sforce-numberofrecords": str(len(page)),
            },
        )

    # tables
    # ----------------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = self._keep("tables", self._make)
        return found

    def _make(self) -> dict[str, list[Row]]:
        return {
            **self._of_cases(),
            **self._of_people(),
            **self._of_companies(),
            **self._of_setup(),
        }

    def _of_cases(self) -> dict[str, list[Row]]:
        shown = self.visible()
        return {
            "Case": [self._case(t) for t in shown],
            "CaseHistory": [h for t in shown for h in self._history(t)],
            "EmailMessage": [m for t in shown for m in self._all_emails(t)],
            "CaseComment": [m for t in shown for m in self._comments(t)],
            "AgentWork": [w for t in shown for w in self._works(t)],
            "CaseMilestone": [m for t in shown for m in self._milestones(t)],
        }

    def _of_people(self) -> dict[str, list[Row]]:
        return {
            "User": [
                {
                    **_SETUP,
                    "Id": key("005", a.number),
                    "Name": a.name,
                    "Email": a.email,
                    "IsActive": self.is_here(a),
                    "UserType": "Standard",
                    "TimeZoneSidKey": "Europe/Berlin",
                    "CreatedDate": when(since(a)),
                    "SystemModstamp": when(since(a)),
                }
                for a in self.agents()
            ],
            "Group": [
                {
                    **_SETUP,
                    "Id": key("00G", t.number),
                    "Name": t.name,
                    "Type": "Queue",
                }
                for t in self.teams
            ],
            "GroupMember": [
                {
                    "Id": key("011", a.number),
                    "GroupId": key("00G", a.team.number),
                    "UserOrGroupId": key("005", a.number),
                    "SystemModstamp": _BASE["SystemModstamp"],
                }
                for a in self.agents()
            ],
            "Contact": [
                {
                    **_BASE,
                    "Id": key("003", p.number),
                    "Name": p.name,
                    "Email": p.email,
                    "AccountId": key("001", p.company.number) if p.company else None,
                    "Member__c": is_member(p),
                    "CreatedDate": when(p.since),
                    "SystemModstamp": when(p.since),
                }
                for p in self.people()
            ],
        }

    def _of_companies(self) -> dict[str, list[Row]]:
        return {
            "Account": [
                {
                    **_BASE,
                    "Id": key("001", c.number),
                    "Name": c.name,
                    "Website": c.domain,
                    "BillingCountry": c.country,
                    "OwnerId": key("005", 1),
                    "Plan__c": plan_of(c),
                    "Seats__c": seats_of(c),
                    "CreatedDate": when(c.since),
                    "SystemModstamp": when(c.since),
                }
                for c in self.companies()
            ],
            "Contract": [
                {
                    **_BASE,
                    "Id": key("800", c.number),
                    "AccountId": key("001", c.number),
                    "Status": "Activated",
                    "StartDate": c.since.date().isoformat(),
                    "EndDate": _year_later(c.since.date()).isoformat(),
                    "OwnerId": key("005", 1),
                }
                for c in self.companies()
            ],
        }

    def _of_setup(self) -> dict[str, list[Row]]:
        return {
            "CaseStatus": [
                {
                    "Id": key("01J", n),
                    "ApiName": s,
                    "MasterLabel": s,
                    "IsClosed": s == "Closed",
                    "IsDefault": s == "New",
                    "SortOrder": n,
                }
                for n, s in enumerate(dict.fromkeys(_STATUS.values()), 1)
            ],
            "FieldDefinition": [
                {
                    "Id": name,
                    "QualifiedApiName": name,
                    "EntityDefinition.QualifiedApiName": "Case",
                    "IsFieldHistoryTracked": name in self.tracked,
                }
                for name in ("Status", "OwnerId", "Priority", "Origin", "BusinessHoursId")
            ],
            "BusinessHours": [_hours(s) for s in self.schedules],
            "Holiday": [*self._public_holidays(), *self._odd_holidays()],
            "MilestoneType": [
                {
                    **_SETUP,
                    "Id": key("557", 1),
                    "Name": "First Response",
                },
                {
                    **_SETUP,
                    "Id": key("557", 2),
                    "Name": "Resolution Time",
                },
            ],
        }

    def _public_holidays(self) -> list[Row]:
        days = [d for d in self._closed() if (d.month, d.day) != (1, 1)]
        return [
            {
                **_SETUP,
                **_ONCE,
                "Id": key("0C0", n),
                "Name": "Public holiday",
                "ActivityDate": d.isoformat(),
            }
            for n, d in enumerate(days, 1)
        ]

    def _odd_holidays(self) -> list[Row]:
        """One holiday that recurs, and half of a day."""
        return [
            {
                **_SETUP,
                **_ONCE,
                "Id": key("0C0", 900),
                "Name": "New Year",
                "ActivityDate": None,
                "IsRecurrence": True,
                "RecurrenceType": "RecursYearly",
                "RecurrenceInterval": None,
                "RecurrenceStartDate": "2020-01-01",
                "RecurrenceDayOfMonth": 1,
                "RecurrenceMonthOfYear": "January",
            },
            {
                **_SETUP,
                **_ONCE,
                "Id": key("0C0", 901),
                "Name": "Christmas Eve, from noon",
                "ActivityDate": f"{self.world.last.year}-12-24",
                "IsAllDay": False,
                "StartTimeInMinutes": 720,
                "EndTimeInMinutes": 1440,
            },
        ]

    def _works(self, t: Ticket) -> list[Row]:
        """Omni-Channel: the agent's work on the case, and a chat that belongs to no case."""
        agent = t.value_at("assignee", self.clock)
        solved = self.solved_at(t)
        if not (agent and solved and t.minutes_worked):
            return []
        row = {
            "CreatedDate": when(solved),
            "SystemModstamp": when(solved),
            "IsDeleted": False,
            "UserId": key("005", int(agent)),
            "BotId": None,
            "Status": "Closed",
            "AcceptDateTime": when(solved - timedelta(minutes=t.minutes_worked)),
            "CloseDateTime": when(solved),
            "HandleTime": t.minutes_worked * 60,
        }
        return [
            {
                **row,
                "Id": key("0Bz", t.number),
                "WorkItemId": key("500", t.number),
            },
            {
                **row,
                "Id": key("0Bz", t.number + 5),
                "WorkItemId": key("0Mw", t.number),
            },
            {
                **row,
                "Id": key("0Bz", t.number + 500_000),
                "WorkItemId": key("500", t.number),
                "Status": "Declined",
                "HandleTime": None,
            },
        ]

    def _closed(self) -> list[date]:
        return BERLIN.holidays_of(self.world.first, self.world.last)

    def _gone(self, t: Ticket) -> bool:
        return self.is_deleted(t) or self.is_merged(t)

    def _case(self, t: Ticket) -> Row:
        agent, team, solved = (
            t.value_at("assignee", self.clock),
            t.value_at("team", self.clock),
            self.solved_at(t),
        )
        return {
            "Id": key("500", t.number),
            "CaseNumber": f"{t.number:08d}",
            "Subject": t.topic,
            "Status": _STATUS[t.value_at("status", self.clock) or "new"],
            "Priority": _PRIORITY[t.value_at("priority", self.clock) or "normal"],
            "Origin": _ORIGIN[t.channel],
            "Type": t.kind.title(),
            "Reason": reason_at(t, self.clock),
            **self._own(t),
            "OwnerId": key("005", int(agent)) if agent else key("00G", int(team or 0)),
            "ContactId": key("003", t.requester.number),
            "AccountId": key("001", t.requester.company.number) if t.requester.company else None,
            "ParentId": None,
            "MasterRecordId": (
                key("500", t.merged_into) if self.is_merged(t) and t.merged_into else None
            ),
            "IsClosed": solved is not None,
            "IsEscalated": False,
            "CreatedById": key("005", _ROBOT),
            "ClosedDate": when(solved),
            "CreatedDate": when(t.created_at),
            "LastModifiedDate": when(self.updated_at(t)),
            "SystemModstamp": when(self.updated_at(t)),
            "IsDeleted": self._gone(t),
            "BusinessHoursId": key("01m", self.hours(t).number),
            "EntitlementId": None,
        }

    def _own(self, t: Ticket) -> Row:
        """Fields of the org, its record types, and the language of the case."""
        bought = bought_on(t)
        form = form_of(t)
        return {
            "RecordTypeId": key("012", form) if form else NO_RECORD_TYPE,
            "Language": language_of(t.requester),
            "Brand__c": BRANDS[brand_of(t)],
            "Order_Number__c": order_number_of(t),
            "Order_Value__c": order_value_of(t),
            "Bought_On__c": bought.isoformat() if bought else None,
            "Under_Warranty__c": is_under_warranty(t),
            "Products__c": ";".join(products_of(t)) or None,
            "Model__c": key("a01", t.number % 3),
            "Model__r.Name": f"Model {t.number % 3}",
        }

    def _history(self, t: Ticket) -> list[Row]:
        """An owner is a queue until an agent takes the case; a change of owner gives two rows:
        names, then ids.
        """
        told: list[tuple[datetime, str, str | None, str | None]] = [
            (t.created_at, "created", None, None)
        ]
        owner: tuple[str, str] | None = None
        team, assignee, status = None, None, "New"
        for c in t.changes_until(self.clock):
            if c.field == "status":
                after = _STATUS[str(c.after)]
                if after != status:
                    told.append((c.at, "Status", status, after))
                status = after
                continue
            if c.field == "priority":
                if c.before:
                    told.append((c.at, "Priority", _PRIORITY[c.before], _PRIORITY[str(c.after)]))
                continue
            team, assignee = (c.after, None) if c.field == "team" else (team, c.after)
            name = next((a.name for a in self.world.agents if str(a.number) == assignee), "")
            now = (
                (key("005", int(assignee)), name)
                if assignee
                else (
                    key("00G", int(team or 0)),
                    next(x.name for x in self.teams if str(x.number) == team),
                )
            )
            if owner and now != owner:
                told += [(c.at, "Owner", owner[1], now[1]), (c.at, "Owner", owner[0], now[0])]
            owner = now
        return [
            {
                "Id": key("017", t.number * 100 + n),
                "CaseId": key("500", t.number),
                "Field": f,
                "OldValue": before,
                "NewValue": after,
                "CreatedById": key("005", _ROBOT),
                "CreatedDate": when(at),
                "IsDeleted": False,
            }
            for n, (at, f, before, after) in enumerate(told)
        ]

    def _emails(self, t: Ticket) -> list[Row]:
        return [
            {
                "Id": key("02s", t.number * 100 + n),
                "ParentId": key("500", t.number),
                "Incoming": note.role == "customer",
                "MessageDate": when(note.at),
                "Status": "3",
                "FromAddress": "x@alderfinch.example",
                "CreatedById": key("005", note.author if note.role == "agent" else _ROBOT),
                "CreatedBy.UserType": "Standard" if note.role == "agent" else "AutomatedProcess",
                "TextBody": note.text,
                "SystemModstamp": when(note.at),
                "IsDeleted": False,
            }
            for n, note in enumerate(self.notes(t))
            if note.is_public
        ]

    def _all_emails(self, t: Ticket) -> list[Row]:
        return [*self._emails(t), *self._drafts(t), *self._receipts(t)]

    def _receipts(self, t: Ticket) -> list[Row]:
        """The mail that a flow sends at once on every fifth case."""
        return [
            {**mail, "Id": key("02s", t.number * 100 + 98), "Incoming": False}
            for mail in self._emails(t)[:1]
            if t.number % 5 == 0
        ]

    def _drafts(self, t: Ticket) -> list[Row]:
        """The answer that somebody began to write on every seventh case."""
        return [
            {
                **mail,
                "Id": key("02s", t.number * 100 + 99),
                "Incoming": False,
                "Status": "5",
                "CreatedById": key("005", 1),
                "CreatedBy.UserType": "Standard",
            }
            for mail in self._emails(t)[:1]
            if t.number % 7 == 0
        ]

    def _comments(self, t: Ticket) -> list[Row]:
        return [
            {
                "Id": key("00a", t.number * 100 + n),
                "ParentId": key("500", t.number),
                "IsPublished": False,
                "CommentBody": note.text,
                "CreatedById": key("005", note.author),
                "CreatedBy.UserType": "Standard",
                "CreatedDate": when(note.at),
                "SystemModstamp": when(note.at),
                "IsDeleted": False,
            }
            for n, note in enumerate(self.notes(t))
            if not note.is_public
        ]

    def _milestones(self, t: Ticket) -> list[Row]:
        rows = []
        for n, goals, ended in (
            (1, FIRST_REPLY_MINUTES, self.first_reply_at(t)),
            (2, RESOLUTION_MINUTES, self.solved_at(t)),
        ):
            due = self.hours(t).after(t.created_at, goals[t.priority] * 60)
            rows.append(
                {
                    "Id": key("555", t.number * 10 + n),
                    "CaseId": key("500", t.number),
                    "MilestoneTypeId": key("557", n),
                    "MilestoneType.Name": ("First Response", "Resolution Time")[n - 1],
                    "StartDate": when(t.created_at),
                    "TargetDate": when(due),
                    "CompletionDate": when(ended),
                    "IsCompleted": ended is not None,
                    "IsViolated": (ended or self.clock) > due,
                    "TargetResponseInMins": goals[t.priority],
                    "BusinessHoursId": key("01m", self.hours(t).number),
                    "SystemModstamp": when(self.updated_at(t)),
                    "IsDeleted": self._gone(t),
                }
            )
        return rows


def _cell(value: Any) -> str:
    """Bulk times end in Z, null is empty."""
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.replace(".000+0000", ".000Z")


def _year_later(day: date) -> date:
    return day + timedelta(days=365)


def _hours(schedule: Schedule) -> Row:
    hours: Row = {
        **_SETUP,
        "Id": key("01m", schedule.number),
        "Name": schedule.name,
        "IsActive": True,
        "IsDefault": schedule is BERLIN,
        "TimeZoneSidKey": schedule.zone,
    }
    for place, day in enumerate(_DAYS):
        is_open = place in schedule.days
        hours[f"{day}StartTime"] = "08:00:00.000Z" if is_open else None
        hours[f"{day}EndTime"] = "18:00:00.000Z" if is_open else None
    return hours


def _described(name: str) -> Row:
    """The describe of an object: what its fields are."""
    of_cases = [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": record_type == NO_RECORD_TYPE,
            "developerName": label.replace(" ", "_"),
            "master": record_type == NO_RECORD_TYPE,
            "name": label,
            "recordTypeId": record_type,
        }
        for record_type, label in (
            (NO_RECORD_TYPE, "Master"),
            *((key("012", number), label) for number, label in FORMS.items()),
        )
    ]
    return {
        "name": name,
        "label": name,
        "keyPrefix": {"Case": "500", "Contact": "003", "Account": "001"}[name],
        "recordTypeInfos": of_cases if name == "Case" else [],
        "fields": [_described_field(*one) for one in _OBJECTS[name]],
    }


def _described_field(
    name: str, label: str, kind: str, values: Mapping[str, str] | None = None
) -> Row:
    leads_to = name.replace("__c", "__r") if kind == "reference" else None
    return {
        "name": name,
        "label": label,
        "type": kind,
        "custom": name.endswith("__c"),
        "deprecatedAndHidden": False,
        "referenceTo": ["Model__c"] if leads_to else [],
        "relationshipName": leads_to,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": False,
                "label": shown,
                "validFor": None,
                "value": value,
            }
            for value, shown in (values or {}).items()
        ],
    }


NO_RECORD_TYPE = "012000000000000AAA"  # the record type of cases that have none
_BRANDS = {name: name for name in BRANDS.values()}
_STATES = {status: status for status in _STATUS.values()}
_LANGUAGES = {code: code.upper() for code in (*LANGUAGES.values(), "en")}
_OBJECTS: Mapping[str, tuple[tuple[Any, ...], ...]] = {
    "Case": (
        ("Id", "Case ID", "id"),
        ("Status", "Status", "picklist", _STATES),
        ("Reason", "Case Reason", "picklist", REASONS),
        ("Language", "Language", "picklist", _LANGUAGES),
        ("RecordTypeId", "Record Type ID", "reference"),
        ("IsEscalated", "Escalated", "boolean"),
        ("Brand__c", "Brand", "picklist", _BRANDS),
        ("Order_Number__c", "Order number", "string"),
        ("Order_Value__c", "Order value", "currency"),
        ("Bought_On__c", "Bought on", "date"),
        ("Under_Warranty__c", "Under warranty", "boolean"),
        ("Products__c", "Products", "multipicklist", PRODUCTS),
        ("Model__c", "Model", "reference"),
    ),
    "Contact": (("Id", "Contact ID", "id"), ("Member__c", "Member", "boolean")),
    "Account": (
        ("Id", "Account ID", "id"),
        ("Plan__c", "Plan", "picklist", PLANS),
        ("Seats__c", "Seats", "double"),
    ),
}
_START = when(datetime(2024, 1, 5, tzinfo=UTC))
_SETUP: Row = {"CreatedDate": _START, "SystemModstamp": _START}  # no recycle bin
_BASE: Row = {**_SETUP, "IsDeleted": False}


SANDBOX = DeskAccount(
    Salesforce,
    {
        "my_domain": "alderfinch",
        "statuses": {"Waiting on Customer": "pending", "On Hold": "hold"},
        "priorities": {"Critical": "urgent"},
        "channels": {"Chat": "chat"},
        "holiday_schedules": {},  # each holiday closes all hours
        "sla_metrics": {"First Response": "first_reply", "Resolution Time": "resolution"},
        "fields": {
            "contact_reason": "contact_reason",
            "brand": "Brand",
            "form": "form",
            "products": "Products__c",
            "plan": {"field": "Plan", "of": "organization"},
        },
    },
    {"client_id": "sf-client", "client_secret": "salesforce-demo-secret"},
)
