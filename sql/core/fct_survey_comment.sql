-- One row for each survey answer with a comment. Empty unless an account stores texts.
select
    response.account,
    response.response_id,
    response.survey_id,
    response.metric,
    response.score_share,
    response.is_satisfied,
    response.ticket_account,
    response.ticket_id,
    response.customer_id,
    response.responded_at,
    cast(response.responded_at at time zone setting.time_zone as date) as responded_on,
    answer.comment
from source.survey_response as answer
join staging.survey_response as response
    on answer.account = response.account and answer.response_id = response.response_id
cross join ops.reporting_setting as setting
where answer.comment is not null
