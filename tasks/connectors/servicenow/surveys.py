"""ServiceNow: surveys, invitations and scores."""

from tasks.connectors.servicenow.api import table
from tasks.connectors.servicenow.transforms import score_rows
from tasks.entities import SURVEY_INVITATION, SURVEY_RESPONSE
from tasks.rest.spec import Output

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
        "Answers to the ratings of surveys",
        "asmt_metric_result",
        (
            "sys_id,instance,instance.trigger_id,instance.taken_on,instance.state,"
            "instance.metric_type,instance.metric_type.evaluation_method,metric,metric.name,"
            "metric.datatype,metric.min,metric.max,metric.scale,actual_value,sys_updated_on"
        ),
        (Output(SURVEY_RESPONSE, transform=score_rows),),
        optional=True,
    ),
)
