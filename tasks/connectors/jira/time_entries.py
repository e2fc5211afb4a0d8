"""Jira Service Management: time that agents spent on tickets."""

from tasks.entities import TIME_ENTRY
from tasks.rest.paging import LinkWithQuery
from tasks.rest.spec import ChildStream, IncrementalWindow, Output, Request, Stream
from tasks.rest.values import TopLevelList

STREAMS = (
    Stream(
        name="worklogs",
        description="Time that agents logged",
        path="/rest/api/3/worklog/updated",
        records="values",
        paging=LinkWithQuery(at="nextPage", ends="lastPage"),
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
)
