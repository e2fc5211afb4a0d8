select
    settled_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when state = 'achieved' then 1 else 0 end as numerator,
    1 as denominator
from core.fct_sla_clock
where settled_at is not null and true
