select
    solved_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when is_zero_touch then 1 else 0 end as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and solved_at is not null and not is_created_by_agent
