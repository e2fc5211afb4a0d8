select
    settled_at as happened_at,
    account,
    team_id,
    channel,
    priority,
    1 as numerator,
    1 as denominator
from core.fct_sla_clock
where settled_at is not null and state = 'breached'
