"""Freshdesk: surveys, invitations and scores."""

from datetime import timedelta

from tasks.connectors.freshdesk.api import LIST, since
from tasks.entities import SURVEY_RESPONSE
from tasks.rest.shapes import score
from tasks.rest.spec import Output, Stream
from tasks.rest.values import TopLevelList, sql

SMILEY = """
    case cast({ratings.default_question} as int)
        when 103 then 5
        when 102 then 4.5
        when 101 then 4
        when 100 then 3
        when -101 then 2
        when -102 then 1.5
        when -103 then 1
        when 1 then 5
        when 2 then 3
        when 3 then 1
        else error('the rating ' || coalesce(cast({ratings.default_question} as varchar), 'none')
            || ' is no known face')
    end"""

STREAMS = (
    Stream(
        name="ratings",
        description=(
            "Satisfaction ratings; seven days are read again, for customers who change their mind"
        ),
        path="/api/v2/surveys/satisfaction_ratings",
        records=TopLevelList(),
        paging=LIST,
        sync=since("created_since", overlap=timedelta(days=7)),
        optional=True,
        outputs=(
            Output(
                SURVEY_RESPONSE,
                fields={
                    "response_id": "id",
                    "survey_id": "survey_id",
                    "score": sql(SMILEY),
                    **score("csat", 1, 5),
                    "ticket_id": "ticket_id",
                    "customer_id": "user_id",
                    "agent_id": "agent_id",
                    "responded_at": "created_at",
                    "comment": "feedback",
                    "version_at": "updated_at",
                },
            ),
        ),
    ),
)
