"""Jira Service Management (Jira Cloud): issues by change, changelogs in bulk, comments, SLA cycles
and ratings.

Facts: developer.atlassian.com. JQL's times are read in the API user's time zone, to the minute: the
window begins 12 hours early, so that no zone loses a change. SLA and rating fields have other ids
on every site and are known by their shape. `expand=changelog` is cut at 40 entries, so bulk fetches
are used. No deletions, calendars, holidays, teams.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tasks.clock import Window
from tasks.entities import (
    AGENT,
    CUSTOMER,
    MESSAGE,
    ORGANIZATION,
    SLA_EVENT,
    SURVEY_RESPONSE,
    TEAM,
    TICKET,
    TICKET_EVENT,
    TICKET_STATUS,
    TIME_ENTRY,
)
from tasks.rest.auth import Basic, Bearer, OneOf
from tasks.rest.paging import BodyCursor, NextUrl, Offset
from tasks.rest.shapes import full_refresh
from tasks.rest.spec import (
    ChildStream,
    Connector,
    IncrementalWindow,
    Limits,
    Output,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
)
from tasks.rest.values import Partition, TopLevelList, sql

TOKEN = BodyCursor(at="nextPageToken", into=("nextPageToken",))
HISTORY = {"status": "status", "assignee": "assignee", "priority": "priority"}
METRICS = {"time to first response": "first_response", "time to resolution": "resolution"}
PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
full = partial(
    full_refresh,
    at="/rest/api/3",
    records="values",
    paging=Offset("startAt", "maxResults", 50, ends="isLast"),
)


def search(window: Window, settings: Mapping[str, Any]) -> dict[str, Any]:
    """`projects` is a list of keys in the account's settings; without it every project that the
    user sees is read.

    The window ends 15 hours late, as it begins early: the times are the user's.
    """
    keys = [
        key
        for key in re.split(r"[,\s]+", str(settings.get("projects", "")))
        if PROJECT.fullmatch(key)
    ]
    projects = f"project in ({', '.join(keys)}) AND " if keys else ""
    end = window.end + timedelta(hours=15)
    return {
        "jql": (
            f'{projects}updated >= "{window.start:%Y-%m-%d %H:%M}" AND updated <'
            f' "{end:%Y-%m-%d %H:%M}" ORDER BY updated ASC, key ASC'
        ),
        "fields": ["*navigable"],
        "maxResults": 100,
    }


def instant(told: Any) -> Any:
    """Epoch milliseconds or text; the SLA's objects hold both."""
    if isinstance(told, Mapping):
        told = told.get("epochMillis")
    return datetime.fromtimestamp(told / 1000, UTC).isoformat() if isinstance(told, int) else told


def value(item: Mapping[str, Any], which: str) -> Any:
    """Priorities by name, as issues tell them; statuses and people by id."""
    return item.get(f"{which}String" if item.get("fieldId") == "priority" else which)


def changes(log: Record, context: RecordContext) -> Iterable[Row]:
    for history in log.get("changeHistories") or ():
        for place, item in enumerate(history.get("items") or ()):
            if item.get("fieldId") in HISTORY:
                yield {
                    "event_id": f"{history['id']}-{place}",
                    "ticket_id": log["issueId"],
                    "field": HISTORY[item["fieldId"]],
                    "from_value": value(item, "from"),
                    "to_value": value(item, "to"),
                    "changed_at": instant(history.get("created")),
                    "actor_id": (history.get("author") or {}).get("accountId"),
                    "sequence": history["id"],
                }


def cycles(issue: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int, Mapping[str, Any]]]:
    for field in (issue.get("fields") or {}).values():
        if isinstance(field, Mapping) and "completedCycles" in field:
            listed = [
                *(field.get("completedCycles") or ()),
                *([field["ongoingCycle"]] if field.get("ongoingCycle") else ()),
            ]
            yield from ((field, number, cycle) for number, cycle in enumerate(listed, 1))


def sla(issue: Record, context: RecordContext) -> Iterable[Row]:
    """Every cycle of every SLA: applied, due, ended, breached."""
    for field, number, cycle in cycles(issue):
        breached = cycle.get("breachTime") if cycle.get("breached") else None
        for kind, at in (
            ("apply", cycle.get("startTime")),
            ("due", cycle.get("breachTime")),
            ("fulfill", cycle.get("stopTime")),
            ("breach", breached),
        ):
            if at:
                yield {
                    "event_id": f"{issue['id']}-{field['id']}-{number}-{kind}",
                    "ticket_id": issue["id"],
                    "policy_id": field["id"],
                    "instance": number,
                    "kind": kind,
                    "metric": METRICS.get(str(field.get("name")).lower(), field.get("name")),
                    "happened_at": instant(at),
                    "target_minutes": (cycle.get("goalDuration") or {}).get("millis", 0) / 60_000,
                    "version_at": issue["fields"].get("updated"),
                }


def ratings(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The field with a rating; when it was given stands in the field that the setting
    `feedback_date_field` names.
    """
    fields = issue.get("fields") or {}
    rated = next(
        (
            f["rating"]
            for f in fields.values()
            if isinstance(f, Mapping) and set(f) == {"rating"} and f["rating"] is not None
        ),
        None,
    )
    if rated is not None:
        at = (
            fields.get(str(context.settings.get("feedback_date_field")))
            or fields.get("resolutiondate")
            or fields.get("updated")
        )
        yield {
            "response_id": issue["id"],
            "metric": "csat",
            "score": rated,
            "scale_min": 1,
            "scale_max": 5,
            "better": "higher",
            "ticket_id": issue["id"],
            "customer_id": (fields.get("reporter") or {}).get("accountId"),
            "agent_id": (fields.get("assignee") or {}).get("accountId"),
            "responded_at": at,
            "version_at": fields.get("updated"),
        }


def ticket(issue: Record, context: RecordContext) -> Iterable[Row]:
    fields = issue.get("fields") or {}

    def inner(name: str, key: str) -> Any:
        return (fields.get(name) or {}).get(key)

    yield {
        "ticket_id": issue["id"],
        "number": issue.get("key"),
        "subject": fields.get("summary"),
        "status": inner("status", "id"),
        "priority": inner("priority", "name"),
        "type": inner("issuetype", "name"),
        "channel": "portal",
        "requester_id": inner("reporter", "accountId"),
        "assignee_id": inner("assignee", "accountId"),
        "team_id": inner("project", "id"),
        "created_by_id": inner("creator", "accountId"),
        "created_at": fields.get("created"),
        "solved_at": fields.get("resolutiondate"),
        "version_at": fields.get("updated"),
    }


def opening(issue: Record, context: RecordContext) -> Iterable[Row]:
    """The description is the first message."""
    fields = issue.get("fields") or {}
    author = fields.get("creator") or fields.get("reporter") or {}
    yield {
        "message_id": f"{issue['id']}-description",
        "ticket_id": issue["id"],
        "sent_at": fields.get("created"),
        "author_id": author.get("accountId"),
        "author_role": ROLES.get(str(author.get("accountType"))),
        "is_public": True,
        "sequence": 0,
    }


ROLES = {"atlassian": "agent", "customer": "customer", "app": "bot"}

connector = Connector(
    name="jira",
    title="Jira Service Management",
    docs="https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
    api_version="3",
    base_url="https://{site}.atlassian.net",
    settings=("site",),
    optional_settings=("email", "projects", "feedback_date_field"),
    auth=OneOf((Basic("{email}", "api_token"), Bearer("access_token"))),
    check=Request("/rest/api/3/myself"),
    is_login=lambda answer: bool(answer.get("accountId")),
    limits=Limits(requests_per_minute=300),
    unsupported=(
        "opening hours",
        "holidays",
        "SLA policies (goals of running clocks are told)",
        "deletions",
        "merges",
        "teams (projects stand for them)",
    ),
    streams=(
        Stream(
            name="issues",
            description="Requests with history, comments, SLA cycles and ratings",
            path="/rest/api/3/search/jql",
            method="POST",
            records="issues",
            paging=BodyCursor(at="nextPageToken", into=("nextPageToken",), ends="isLast"),
            sync=IncrementalWindow(overlap=timedelta(hours=12, minutes=5), body=search),
            child_streams=(
                ChildStream(
                    "changelog",
                    lambda ids: Request(
                        "/rest/api/3/changelog/bulkfetch",
                        method="POST",
                        body={
                            "issueIdsOrKeys": list(ids),
                            "fieldIds": list(HISTORY),
                            "maxResults": 1000,
                        },
                    ),
                    key="id",
                    records="issueChangeLogs",
                    chunk=100,
                    paging=TOKEN,
                ),
                ChildStream(
                    "comments",
                    lambda ids: Request(
                        f"/rest/api/3/issue/{ids[0]}/comment", {"orderBy": "created"}
                    ),
                    key="id",
                    records="comments",
                    paging=Offset("startAt", "maxResults", 100, total="total"),
                ),
            ),
            outputs=(
                Output(TICKET, transform=ticket),
                Output(MESSAGE, transform=opening),
                Output(SLA_EVENT, transform=sla),
                Output(SURVEY_RESPONSE, transform=ratings),
                Output(TICKET_EVENT, section="changelog", transform=changes),
                Output(
                    MESSAGE,
                    section="comments",
                    fields={
                        "message_id": "id",
                        "ticket_id": Partition(),
                        "sent_at": "created",
                        "author_id": "author.accountId",
                        "is_public": sql("coalesce(cast({jsdPublic} as boolean), true)"),
                        "author_role": sql(
                            "case {author.accountType} when 'atlassian' then 'agent' when"
                            " 'customer' then 'customer' when 'app' then 'bot' end"
                        ),
                        "sequence": "id",
                    },
                ),
            ),
        ),
        Stream(
            name="worklogs",
            description="Time that agents logged",
            path="/rest/api/3/worklog/updated",
            records="values",
            paging=NextUrl(at="nextPage", ends="lastPage"),
            optional=True,
            sync=IncrementalWindow(
                ask=lambda window: {"since": str(int(window.start.timestamp() * 1000))}
            ),
            child_streams=(
                ChildStream(
                    "entries",
                    lambda ids: Request(
                        "/rest/api/3/worklog/list",
                        method="POST",
                        body={"ids": [int(i) for i in ids]},
                    ),
                    key="worklogId",
                    records=TopLevelList(),
                    chunk=1000,
                ),
            ),
            outputs=(
                Output(
                    TIME_ENTRY,
                    section="entries",
                    fields={
                        "entry_id": "id",
                        "ticket_id": "issueId",
                        "agent_id": "author.accountId",
                        "entered_at": "started",
                        "seconds": "timeSpentSeconds",
                        "version_at": "updated",
                    },
                ),
            ),
        ),
        full(
            "users",
            "Agents and customers",
            Output(
                AGENT,
                filter=sql("{accountType} is distinct from 'customer'"),
                fields={
                    "agent_id": "accountId",
                    "name": "displayName",
                    "email": "emailAddress",
                    "role": sql("case {accountType} when 'app' then 'bot' end"),
                    "is_active": "active",
                    "time_zone": "timeZone",
                },
            ),
            Output(
                CUSTOMER,
                filter=sql("{accountType} = 'customer'"),
                fields={"customer_id": "accountId", "name": "displayName", "email": "emailAddress"},
            ),
            path="users/search",
            records=TopLevelList(),
            paging=Offset("startAt", "maxResults", 200),
        ),
        full(
            "organizations",
            "Customers' organizations",
            Output(ORGANIZATION, fields={"organization_id": "id", "name": "name"}),
            at="/rest/servicedeskapi",
            path="organization",
            paging=Offset("start", "limit", 50, ends="isLastPage"),
            optional=True,
        ),
        full(
            "projects",
            "Service desks, which stand for teams",
            Output(TEAM, fields={"team_id": "id", "name": "name", "is_active": sql("true")}),
            path="project/search",
        ),
        full(
            "statuses",
            "Statuses and their categories",
            Output(
                TICKET_STATUS,
                fields={
                    "status_id": "id",
                    "label": "name",
                    "category": sql(
                        "case upper({statusCategory}) when 'DONE' then 'solved' when 'TODO' then"
                        " 'new' end"
                    ),
                },
            ),
            path="statuses/search",
        ),
    ),
)
