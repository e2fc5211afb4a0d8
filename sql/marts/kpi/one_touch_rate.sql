select solved_on as day, account, team_id, channel, priority,
    sum(case when is_one_touch then 1 else 0 end) as numerator, count(*) as denominator
from core.fct_ticket where not is_excluded and solved_on is not null and not is_created_by_agent
group by solved_on, account, team_id, channel, priority
