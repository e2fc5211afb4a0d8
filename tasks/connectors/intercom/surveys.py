"""Intercom: surveys, invitations and scores."""

from tasks.entities import SURVEY_INVITATION, SURVEY_RESPONSE
from tasks.rest.shapes import score
from tasks.rest.spec import Output
from tasks.rest.values import epoch, sql

RATINGS = (
    Output(
        SURVEY_INVITATION,
        section="conversation",
        filter=sql("{conversation_rating.created_at} is not null"),
        fields={
            "invitation_id": "id",
            "ticket_id": "id",
            "customer_id": "conversation_rating.contact.id",
            "sent_at": epoch("conversation_rating.created_at"),
        },
    ),
    Output(
        SURVEY_RESPONSE,
        section="conversation",
        filter=sql("{conversation_rating.rating} is not null"),
        fields={
            "response_id": "id",
            "score": "conversation_rating.rating",
            **score("csat", 1, 5),
            "ticket_id": "id",
            "customer_id": "conversation_rating.contact.id",
            "agent_id": "conversation_rating.teammate.id",
            "responded_at": epoch("conversation_rating.updated_at"),
            "comment": "conversation_rating.remark",
            "version_at": epoch("updated_at"),
        },
    ),
)
