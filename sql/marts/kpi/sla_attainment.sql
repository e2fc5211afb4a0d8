select settled_on as day, account, team_id, channel, priority,
    sum(case when state = 'achieved' then 1 else 0 end) as numerator, count(*) as denominator
from core.fct_sla_clock where settled_on is not null
group by settled_on, account, team_id, channel, priority
