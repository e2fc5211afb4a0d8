"""Front: surveys, invitations and scores."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from tasks.connectors.front.transforms import handled
from tasks.entities import SURVEY_RESPONSE, TIME_ENTRY
from tasks.rest.paging import SinglePage
from tasks.rest.shapes import score
from tasks.rest.spec import Export, IncrementalWindow, Output, Request, Stream
from tasks.rest.values import sql

COLUMNS = [
    "Activity ID",
    "Type",
    "Message date",
    "Conversation API ID",
    "Author",
    "Assignee",
    "Handle time",
    "Survey rating",
    "Survey comment",
]


def download(url: str) -> Request:
    """The call that fetches a finished export.

    The address is at api.frontapp.com, while the account has a host of its own: both are the
    vendor's, and the same path is asked for at the account's. Another host is not followed.
    """
    parts = urlsplit(url)
    if parts.hostname == "frontapp.com" or (parts.hostname or "").endswith(".frontapp.com"):
        return Request(parts.path, dict(parse_qsl(parts.query)))
    return Request(url)


STREAMS = (
    Stream(
        name="activities",
        description=(
            "Ratings and agents' time from the analytics export; a week is read again, since"
            " ratings come late"
        ),
        path="/analytics/exports",
        records="rows",
        flat=True,
        paging=SinglePage(),
        sync=IncrementalWindow(overlap=timedelta(days=7)),
        optional=True,
        empty_is_null=True,
        export=Export(
            start=lambda _, window, settings: Request(
                "/analytics/exports",
                method="POST",
                body={
                    "start": int(window.start.timestamp()),
                    "end": int(window.end.timestamp()),
                    "timezone": "Etc/UTC",
                    "type": "events",
                    "columns": COLUMNS,
                },
            ),
            job_at="id",
            poll=lambda _, job: Request(f"/analytics/exports/{job}"),
            state_at="status",
            done=frozenset({"done"}),
            failed=frozenset({"failed", "too_big"}),
            file_at="url",
            file=lambda _, url: download(url),
            kind="csv",
            size_at="size",
        ),
        outputs=(
            Output(
                SURVEY_RESPONSE,
                filter=sql("{Survey rating} is not null"),
                fields={
                    "response_id": "Activity ID",
                    "score": "Survey rating",
                    **score("csat", 1, 5),  # stars; 4 and 5 are satisfied
                    "ticket_id": "Conversation API ID",
                    "agent_id": sql(
                        "case when starts_with({Assignee}, 'tea_') then {Assignee} end"
                    ),
                    "responded_at": "Message date",
                    "comment": "Survey comment",
                },
            ),
            Output(TIME_ENTRY, transform=handled),
        ),
    ),
)
