"""Zendesk Support: surveys, invitations and scores."""

from dataclasses import replace
from datetime import timedelta

from tasks.clock import Window
from tasks.connectors.zendesk.api import by_cursor, since
from tasks.entities import SURVEY_INVITATION, SURVEY_RESPONSE
from tasks.rest.shapes import score
from tasks.rest.spec import IncrementalWindow, Output, Stream
from tasks.rest.values import Item, sql


def between(window: Window) -> dict[str, str]:
    """Ratings of a window."""
    return {**since(window), "end_time": str(int(window.end.timestamp()))}


# Surveys have two, three or five choices; the category says which of them count as good.
GOOD_OR_BAD = (
    "case {category} when 'good' then 1 when 'bad' then 0 else error('rating_category is neither"
    " good nor bad: ' || coalesce(cast({category} as varchar), 'none')) end"
)

# zen:ticket:123, or zrn:ticket:123 in the older shape
TICKET_OF_SUBJECT = (
    "nullif(regexp_extract(coalesce(cast({subjects} as varchar), cast({subject_zrns} as"
    " varchar)), 'ticket:(\\d+)', 1), '')"
)

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
        sync=IncrementalWindow(ask=between, overlap=timedelta(days=30)),
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
        description="Answers to the newer CSAT surveys (accounts have either these or ratings)",
        path="/api/v2/guide/survey_responses.json",
        records="survey_responses",
        paging=replace(by_cursor, size={"page[size]": "50"}),  # more is refused
        optional=True,
        outputs=(
            Output(
                SURVEY_RESPONSE,
                each="answers",
                filter=sql("{rating} is not null", rating=Item("rating")),
                fields={
                    "response_id": "id",
                    "survey_id": sql("coalesce({survey.id}, {survey_id})"),
                    "score": sql(GOOD_OR_BAD, category=Item("rating_category")),
                    **score("csat", 0, 1),
                    "ticket_id": sql(TICKET_OF_SUBJECT),
                    "customer_id": "responder_id",
                    "responded_at": Item("created_at"),
                    "version_at": Item("updated_at"),
                },
            ),
        ),
    ),
)
