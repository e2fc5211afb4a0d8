select
    responded_at as happened_at,
    ticket_account as account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when score >= 9 then 100 when score <= 6 then -100 else 0 end as numerator,
    1 as denominator
from core.fct_survey_response
where metric = 'nps' and not is_excluded and score is not null
