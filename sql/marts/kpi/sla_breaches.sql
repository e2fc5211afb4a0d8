select
    settled_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    1 as numerator,
    cast(null as bigint) as denominator
from core.fct_sla_clock
where settled_at is not null and state = 'breached'
