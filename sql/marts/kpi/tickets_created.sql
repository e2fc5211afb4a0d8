select
    created_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    1 as numerator,
    cast(null as bigint) as denominator
from core.fct_ticket
where not is_excluded and true
