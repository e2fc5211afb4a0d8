"""Zoho Desk: surveys, invitations and scores."""

from datetime import timedelta

from tasks.connectors.zoho_desk.api import API, instant, stamp
from tasks.entities import SURVEY_RESPONSE
from tasks.rest.paging import Offset
from tasks.rest.shapes import score
from tasks.rest.spec import IncrementalWindow, Output, RequestState, Stream
from tasks.rest.values import sql

SCORE = """
    case upper(trim({rating}))
        when 'GOOD' then '1'
        when 'OK' then '0.5'
        when 'OKAY' then '0.5'
        when 'BAD' then '0'
        else concat('rating ', coalesce({rating}, 'that is missing'), ' is no GOOD, OK or BAD')
    end"""  # a text that is no number sets the row aside, with itself as the reason

STREAMS = (
    Stream(
        name="ratings",
        description="Customer happiness, newest first, down to a day before the bookmark",
        path=f"{API}/customerHappiness",
        records="data",
        optional=True,
        params={"department": "allDepartment", "sortBy": "-ratedTime"},
        paging=Offset("from", "limit", 50, newest_first="ratedTime"),
        sync=IncrementalWindow(
            state=lambda window: RequestState(since=stamp(window.start)),
            overlap=timedelta(days=1),
        ),
        outputs=(
            Output(
                SURVEY_RESPONSE,
                fields={
                    "response_id": "id",
                    "score": sql(SCORE),
                    **score("csat", 0, 1),
                    "ticket_id": "ticketId",
                    "customer_id": "contactId",
                    "agent_id": "agentId",
                    "responded_at": instant("ratedTime"),
                    "comment": "feedback",
                },
            ),
        ),
    ),
)
