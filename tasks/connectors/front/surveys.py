"""Front: surveys, invitations and scores."""

from datetime import timedelta

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
                    "filters": {},
                    "columns": COLUMNS,
                },
            ),
            job_at="id",
            poll=lambda _, job: Request(f"/analytics/exports/{job}"),
            state_at="status",
            done=frozenset({"done"}),
            failed=frozenset({"failed", "too_big"}),
            file_at="url",
            file=lambda _, url: Request(url),
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
                    **score("csat", 1, 5),
                    "ticket_id": "Conversation API ID",
                    "agent_id": "Assignee",
                    "responded_at": "Message date",
                    "comment": "Survey comment",
                },
            ),
            Output(
                TIME_ENTRY,
                filter=sql("{Handle time} is not null"),
                fields={
                    "entry_id": "Activity ID",
                    "ticket_id": "Conversation API ID",
                    "agent_id": sql("coalesce({Author}, {Assignee})"),
                    "entered_at": "Message date",
                    "seconds": "Handle time",
                },
            ),
        ),
    ),
)
