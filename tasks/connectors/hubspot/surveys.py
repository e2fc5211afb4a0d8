"""HubSpot: surveys, invitations and scores."""

from tasks.connectors.hubspot.api import search
from tasks.connectors.hubspot.transforms import score_rows
from tasks.entities import SURVEY_RESPONSE
from tasks.rest.spec import Output

FEEDBACK = (
    "hs_survey_type",
    "hs_survey_id",
    "hs_value",
    "hs_submission_timestamp",
    "hs_ticket_id",
    "hs_contact_id",
    "hs_content",
    "hs_lastmodifieddate",
)

STREAMS = (
    search(
        "feedback_submissions",
        "CSAT, NPS and CES answers, and those to custom surveys that the settings name",
        "hs_lastmodifieddate",
        FEEDBACK,
        (Output(SURVEY_RESPONSE, transform=score_rows),),
    ),
)
