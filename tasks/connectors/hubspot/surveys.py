"""HubSpot: surveys, invitations and scores."""

from tasks.connectors.hubspot.api import search
from tasks.entities import SURVEY_RESPONSE
from tasks.rest.spec import Output
from tasks.rest.values import sql

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
                    "scale_min": sql(
                        "case {properties.hs_survey_type} when 'NPS' then 0 else 1 end"
                    ),
                    "scale_max": sql(
                        """
                        case {properties.hs_survey_type}
                            when 'NPS' then 10
                            when 'CES' then 7
                            else 5
                        end"""
                    ),
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
