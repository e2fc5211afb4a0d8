select
    responded_at as happened_at,
    ticket_account as account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when score_share > 0.6 then 1 else 0 end as numerator,
    1 as denominator
from core.fct_survey_response
where metric = 'ces' and not is_excluded and score_share is not null
