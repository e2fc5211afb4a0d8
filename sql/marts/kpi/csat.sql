select
    responded_at as happened_at,
    ticket_account as account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when is_satisfied then 1 else 0 end as numerator,
    1 as denominator
from core.fct_survey_response
where metric = 'csat' and not is_excluded and is_latest and is_satisfied is not null
