select
    solved_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    replies_count as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and solved_at is not null
