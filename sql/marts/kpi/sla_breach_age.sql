select
    settled_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    elapsed_seconds_recorded - target_seconds as numerator,
    1 as denominator
from core.fct_sla_clock
where settled_at is not null and state = 'breached' and elapsed_seconds_recorded is not null
