select
    csat_at as happened_at,
    account,
    team_id,
    channel,
    priority,
    1 as numerator,
    1 as denominator
from core.fct_ticket
where not is_excluded and is_bad_to_good
