select
    reviewed_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    1 as numerator,
    0 as denominator
from core.fct_quality_review
where ticket_id is not null
union all
select
    solved_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    0,
    1
from core.fct_ticket
where not is_excluded and solved_at is not null
