select
    handled_at as happened_at,
    account,
    ticket_id,
    team_id,
    'phone' as channel,
    'none' as priority,
    cast(floor(handle_seconds + 0.5) as bigint) as numerator,
    1 as denominator
from core.fct_call
where handled_at is not null
union all
select
    solved_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    cast(floor(handle_seconds + 0.5) as bigint),
    1
from core.fct_ticket
where not is_excluded and solved_at is not null and handle_seconds is not null
