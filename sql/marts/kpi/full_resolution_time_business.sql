select
    solved_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    full_resolution_business_seconds_recorded as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and full_resolution_business_seconds_recorded is not null
