select
    responded_at as happened_at,
    ticket_account as account,
    ticket_id,
    team_id,
    channel,
    priority,
    cast(floor(score_share * 1000000 + 0.5) as bigint) as numerator,
    1 as denominator
from core.fct_survey_response
where metric = 'ces' and not is_excluded and score_share is not null
