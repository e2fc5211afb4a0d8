-- One row for each survey answer, with the account of its ticket and whether the customer is
-- satisfied. Satisfied is the upper quarter of the scale: 4 and 5 of 1-5, 'good' of good/bad;
-- reversed where lower is better. A rating of a ticket's history counts only if the vendor's list
-- does not have it: as many of the latest ones are left out as the list has of the same score.
-- Former scores of an answer count as in the list; `version_at` puts them before the present one.
with listed_scores as (
    select
        account,
        ticket_id,
        metric,
        score,
        count(*) as listed_count
    from source.survey_response
    where not coalesce(is_history, false) and ticket_id is not null
    group by account, ticket_id, metric, score
),

ranked_history as (
    select
        account,
        response_id,
        ticket_id,
        metric,
        score,
        row_number() over (
            partition by account, ticket_id, metric, score
            order by responded_at desc, response_id desc
        ) as from_last
    from source.survey_response
    where is_history
),

repeated_ratings as (
    select
        ranked_history.account,
        ranked_history.response_id
    from ranked_history
    join listed_scores
        on ranked_history.account = listed_scores.account
            and ranked_history.ticket_id = listed_scores.ticket_id
            and ranked_history.metric = listed_scores.metric
            and ranked_history.score = listed_scores.score
            and ranked_history.from_last <= listed_scores.listed_count
),

scored_responses as (
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
        coalesce(response.version_at, response.responded_at) as version_at,
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
            and split_part(response.response_id, '/former/', 1) = tombstone.record_id
    left join repeated_ratings
        on response.account = repeated_ratings.account
            and response.response_id = repeated_ratings.response_id
    where tombstone.record_id is null and repeated_ratings.response_id is null
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
    version_at,
    score_share,
    case when score_share is null then null else score_share >= 0.75 end as is_satisfied
from scored_responses
