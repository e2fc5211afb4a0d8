select
    created_at as happened_at,
    account,
    team_id,
    channel,
    priority,
    1 as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded
union all
select
    starts_at,
    account,
    team_id,
    channel,
    priority,
    case when is_solve then -1 else 1 end,
    1
from core.fct_status_interval
where not is_excluded and (is_solve or is_reopen)
