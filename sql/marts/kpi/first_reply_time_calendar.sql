select first_replied_on as day, account, team_id, channel, priority,
    cast(sum(first_reply_seconds) as double) / 60 as numerator, count(*) as denominator
from core.fct_ticket where not is_excluded and first_replied_on is not null
group by first_replied_on, account, team_id, channel, priority
