select created_on as day, account, team_id, channel, priority, count(*) as numerator, count(*) as denominator
from core.fct_ticket where not is_excluded
group by created_on, account, team_id, channel, priority
