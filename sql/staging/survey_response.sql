-- One row for each survey answer, with the account of its ticket and whether the customer is
-- satisfied. Satisfied is the upper quarter of the scale: 4 and 5 of 1-5, 'good' of good/bad;
-- reversed where lower is better.
with scored_responses as (
    select
        response.account,
        response.response_id,
        response.survey_id,
        response.question_id,
        response.metric,
        response.score,
        response.scale_min,
        response.scale_max,
        response.better,
        coalesce(response.ticket_account, response.account) as ticket_account,
        response.ticket_id,
        response.customer_id,
        response.agent_id,
        response.responded_at,
        case
            when response.score is null
                or response.scale_max is null
                or response.scale_min is null
                or response.scale_max = response.scale_min
                then null
            when response.better = 'lower'
                then (response.scale_max - response.score)
                    / (response.scale_max - response.scale_min)
            else (response.score - response.scale_min) / (response.scale_max - response.scale_min)
        end as score_share
    from source.survey_response as response
    left join source.tombstone as tombstone
        on response.account = tombstone.account
            and tombstone.entity = 'survey_response'
            and response.response_id = tombstone.record_id
    where tombstone.record_id is null
)

select
    account,
    response_id,
    survey_id,
    question_id,
    metric,
    score,
    scale_min,
    scale_max,
    better,
    ticket_account,
    ticket_id,
    customer_id,
    agent_id,
    responded_at,
    score_share,
    case when score_share is null then null else score_share >= 0.75 end as is_satisfied
from scored_responses
