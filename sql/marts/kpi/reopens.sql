select
    starts_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    1 as numerator,
    cast(null as bigint) as denominator
from core.fct_status_interval
where not is_excluded and is_reopen
