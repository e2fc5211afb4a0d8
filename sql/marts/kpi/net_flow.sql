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
where not is_excluded
union all
select
    starts_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when is_solve then -1 else 1 end,
    null
from core.fct_status_interval
where not is_excluded and (is_solve or is_reopen)
