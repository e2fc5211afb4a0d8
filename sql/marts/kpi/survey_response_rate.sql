select
    sent_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when is_answered then 1 else 0 end as numerator,
    1 as denominator
from core.fct_survey_invitation
where not is_excluded
