select first_solved_on as day, account, team_id, channel, priority,
    sum(case when reopens_count > 0 then 1 else 0 end) as numerator, count(*) as denominator
from core.fct_ticket where not is_excluded and first_solved_on is not null
group by first_solved_on, account, team_id, channel, priority
