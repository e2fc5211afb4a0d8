-- Answers with the account of their ticket, and whether the customer is satisfied: the upper
-- quarter of the scale, so 4 and 5 of 1-5, 'good' of good/bad; turned round where lower is better.
with placed as (
    select
        r.account,
        r.response_id,
        r.survey_id,
        r.question_id,
        r.metric,
        r.score,
        r.scale_min,
        r.scale_max,
        r.better,
        coalesce(r.ticket_account, r.account) as ticket_account,
        r.ticket_id,
        r.customer_id,
        r.agent_id,
        r.responded_at,
        case
            when r.score is null
                or r.scale_max is null
                or r.scale_min is null
                or r.scale_max = r.scale_min
                then null
            when r.better = 'lower' then (r.scale_max - r.score) / (r.scale_max - r.scale_min)
            else (r.score - r.scale_min) / (r.scale_max - r.scale_min)
        end as score_share
    from source.survey_response as r
    left join source.tombstone as d
        on r.account = d.account and d.entity = 'survey_response' and r.response_id = d.record_id
    where d.record_id is null
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
from placed
