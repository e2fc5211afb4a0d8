select solved_on as day, account, team_id, channel, priority, count(*) as numerator, count(*) as denominator
from core.fct_ticket where not is_excluded and solved_on is not null
group by solved_on, account, team_id, channel, priority
