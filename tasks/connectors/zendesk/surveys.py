"""Zendesk Support: surveys, invitations and scores."""

from dataclasses import replace
from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.zendesk.api import by_cursor, since
from tasks.connectors.zendesk.transforms import survey_rows
from tasks.entities import SURVEY_INVITATION, SURVEY_RESPONSE
from tasks.rest.shapes import score
from tasks.rest.spec import IncrementalWindow, Output, Stream
from tasks.rest.values import Item, sql


def answered_since(window: Window) -> dict[str, str]:
    """Responses that started in the window or later, in milliseconds."""
    return {"filter[created_at_start]": str(int(window.start.timestamp() * 1000))}


def between(window: Window) -> dict[str, str]:
    """Ratings of a window."""
    return {**since(window), "end_time": str(int(window.end.timestamp()))}


STAYS_OPEN = timedelta(days=30)  # how long an answer may change

HISTORY = Output(
    SURVEY_RESPONSE,
    each="child_events",
    filter=sql(
        "coalesce({score} like 'good%' or {score} like 'bad%', false)",
        score=Item("satisfaction_score"),
    ),
    fields={
        "response_id": sql("'history-' || {id}", id=Item("id")),
        "score": sql(
            "case when {score} like 'good%' then 1 else 0 end", score=Item("satisfaction_score")
        ),
        **score("csat", 0, 1),
        "ticket_id": "ticket_id",
        "responded_at": "created_at",
        "version_at": "created_at",
        "is_history": sql("true"),
    },
)

STREAMS = (
    Stream(
        name="satisfaction",
        description=(
            "Satisfaction ratings, offered and answered; 30 days are read again for changed ones"
        ),
        path="/api/v2/satisfaction_ratings.json",
        records="satisfaction_ratings",
        paging=by_cursor,
        optional=True,
        sync=IncrementalWindow(ask=between, overlap=STAYS_OPEN),
        outputs=(
            Output(
                SURVEY_INVITATION,
                filter=sql("{score} <> 'unoffered'"),
                fields={
                    "invitation_id": "id",
                    "ticket_id": "ticket_id",
                    "customer_id": "requester_id",
                    "sent_at": "created_at",
                },
            ),
            Output(
                SURVEY_RESPONSE,
                filter=sql("{score} like 'good%' or {score} like 'bad%'"),
                fields={
                    "response_id": "id",
                    "score": sql("case when {score} like 'good%' then 1 else 0 end"),
                    **score("csat", 0, 1),
                    "ticket_id": "ticket_id",
                    "customer_id": "requester_id",
                    "agent_id": "assignee_id",
                    "responded_at": "updated_at",
                    "comment": "comment",
                    "version_at": "updated_at",
                },
            ),
        ),
    ),
    Stream(
        name="survey_responses",
        description=(
            "Answers to the newer CSAT surveys (accounts have either these or ratings); 30 days are"
            " read again for changed ones"
        ),
        path="/api/v2/guide/survey_responses.json",
        records="survey_responses",
        paging=replace(by_cursor, size={"page[size]": "50"}),  # more is refused
        optional=True,
        sync=IncrementalWindow(ask=answered_since, overlap=STAYS_OPEN),
        outputs=(Output(SURVEY_RESPONSE, transform=survey_rows),),
    ),
)
