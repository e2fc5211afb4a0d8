select
    ended_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    seconds_recorded as numerator,
    1 as denominator
from core.fct_reply_wait
where not is_excluded and is_replied and seconds_recorded is not null
