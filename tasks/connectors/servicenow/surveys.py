"""ServiceNow: surveys, invitations and scores."""

from tasks.connectors.servicenow.api import table
from tasks.entities import SURVEY_INVITATION, SURVEY_RESPONSE
from tasks.rest.shapes import score
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    table(
        "csat_sent",
        "Satisfaction surveys sent",
        "asmt_assessment_instance",
        "sys_id,trigger_id,metric_type,sys_created_on,sys_updated_on",
        (
            Output(
                SURVEY_INVITATION,
                fields={
                    "invitation_id": "sys_id",
                    "survey_id": "metric_type",
                    "ticket_id": "trigger_id",
                    "sent_at": "sys_created_on",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        only="trigger_tableINincident,sn_customerservice_case",
        optional=True,
    ),
    table(
        "csat",
        "Satisfaction answers",
        "asmt_metric_result",
        (
            "sys_id,instance,instance.trigger_id,instance.taken_on,instance.metric_type,"
            "metric,actual_value,sys_updated_on"
        ),
        (
            Output(
                SURVEY_RESPONSE,
                filter=sql("{instance.taken_on} is not null"),
                fields={
                    "response_id": "sys_id",
                    "survey_id": "instance.metric_type",
                    "question_id": "metric",
                    "score": "actual_value",
                    **score("csat", 1, 5),
                    "ticket_id": "instance.trigger_id",
                    "responded_at": "instance.taken_on",
                    "version_at": "sys_updated_on",
                },
            ),
        ),
        optional=True,
    ),
)
