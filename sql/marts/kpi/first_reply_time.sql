select
    first_reply_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    first_reply_business_seconds_recorded as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and first_reply_business_seconds_recorded is not null
