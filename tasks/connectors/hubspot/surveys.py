"""HubSpot: surveys, invitations and scores."""

from tasks.connectors.hubspot.api import search
from tasks.entities import SURVEY_RESPONSE
from tasks.rest.spec import Output
from tasks.rest.values import Expression, sql

SCALES = {"CSAT": (0, 2), "NPS": (0, 10), "CES": (1, 7)}  # lowest and highest `hs_value`


def scale_end(place: int) -> Expression:
    """One end of the scale, by the type of the survey."""
    cases = " ".join(f"when '{kind}' then {ends[place]}" for kind, ends in SCALES.items())
    return sql(f"case {{properties.hs_survey_type}} {cases} end")


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
        "CSAT, NPS and CES answers",
        "hs_lastmodifieddate",
        FEEDBACK,
        (
            Output(
                SURVEY_RESPONSE,
                filter=sql("{properties.hs_survey_type} in ('CSAT', 'NPS', 'CES')"),
                fields={
                    "response_id": "id",
                    "survey_id": "properties.hs_survey_id",
                    "metric": sql("lower({properties.hs_survey_type})"),
                    "score": "properties.hs_value",
                    "better": sql("'higher'"),
                    "scale_min": scale_end(0),
                    "scale_max": scale_end(1),
                    "ticket_id": "properties.hs_ticket_id",
                    "customer_id": "properties.hs_contact_id",
                    "responded_at": "properties.hs_submission_timestamp",
                    "comment": "properties.hs_content",
                    "version_at": "properties.hs_lastmodifieddate",
                },
            ),
        ),
    ),
)
