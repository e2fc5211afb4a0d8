select
    created_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when first_reply_seconds_recorded <= 3600 then 1 else 0 end as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and not is_created_by_agent
