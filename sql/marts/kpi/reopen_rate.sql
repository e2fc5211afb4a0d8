select
    first_solved_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    case when reopens_count > 0 then 1 else 0 end as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and first_solved_at is not null
