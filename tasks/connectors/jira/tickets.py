"""Jira Service Management: tickets and their history."""

import re
from collections.abc import Mapping
from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.jira.api import full
from tasks.connectors.jira.messages import MESSAGES
from tasks.connectors.jira.sla import SLA_EVENTS
from tasks.connectors.jira.surveys import RATINGS
from tasks.connectors.jira.transforms import HISTORY, changes, is_incomplete, ticket
from tasks.entities import TICKET, TICKET_EVENT, TICKET_STATUS
from tasks.rest.paging import BodyCursor, Offset
from tasks.rest.spec import (
    ChildStream,
    Document,
    IncrementalWindow,
    Json,
    Output,
    Request,
    Stream,
)
from tasks.rest.values import TopLevelList, sql

TOKEN = BodyCursor(at="nextPageToken", into=("nextPageToken",))

PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


# which fields hold SLAs, the rating and its date differs from site to site
FIELDS = Document(Request("/rest/api/3/field"), TopLevelList())


def desks(settings: Mapping[str, Json]) -> str:
    """JQL of the projects that the setting `projects` lists, else of all service desks."""
    keys = [
        key
        for key in re.split(r"[,\s]+", str(settings.get("projects", "")))
        if PROJECT.fullmatch(key)
    ]
    return f"project in ({', '.join(keys)})" if keys else "projectType = service_desk"


def search(window: Window, settings: Mapping[str, Json]) -> dict[str, Json]:
    """The search of a window.

    It ends 15 hours late, as it begins early: the times are the user's.
    """
    end = window.end + timedelta(hours=15)
    return {
        "jql": (
            f'{desks(settings)} AND updated >= "{window.start:%Y-%m-%d %H:%M}" AND updated <'
            f' "{end:%Y-%m-%d %H:%M}" ORDER BY updated ASC, key ASC'
        ),
        "fields": ["*navigable", "comment"],
        "properties": ["request.channel.type"],
        "maxResults": 100,
    }


def unresolved(window: Window, settings: Mapping[str, Json]) -> dict[str, Json]:
    """Every open request: its clocks go on, and goals are changed, without a change of its own."""
    return {
        "jql": f"{desks(settings)} AND resolution IS EMPTY ORDER BY key ASC",
        "fields": ["*navigable"],
        "maxResults": 100,
    }


STREAMS = (
    Stream(
        name="issues",
        description="Requests with history, comments, SLA cycles and ratings",
        path="/rest/api/3/search/jql",
        method="POST",
        records="issues",
        paging=BodyCursor(at="nextPageToken", into=("nextPageToken",), ends="isLast"),
        sync=IncrementalWindow(overlap=timedelta(hours=12, minutes=5), body=search),
        document=FIELDS,
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
                lambda ids: Request(f"/rest/api/3/issue/{ids[0]}/comment", {"orderBy": "created"}),
                key="id",
                filter_at="fields.comment",
                filter=is_incomplete,
                records="comments",
                paging=Offset("startAt", "maxResults", 100, total="total"),
            ),
        ),
        outputs=(
            Output(TICKET, transform=ticket),
            Output(TICKET_EVENT, section="changelog", transform=changes),
            *MESSAGES,
            *SLA_EVENTS,
            *RATINGS,
        ),
    ),
    Stream(
        name="open_slas",
        description="SLA cycles of open requests, which move while nobody touches the request",
        path="/rest/api/3/search/jql",
        method="POST",
        records="issues",
        paging=BodyCursor(at="nextPageToken", into=("nextPageToken",), ends="isLast"),
        sync=IncrementalWindow(body=unresolved),
        document=FIELDS,
        outputs=SLA_EVENTS,
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
                    """
                    case upper({statusCategory})
                        when 'DONE' then 'solved'
                        when 'TODO' then 'new'
                    end"""
                ),
            },
        ),
        path="statuses/search",
    ),
)
