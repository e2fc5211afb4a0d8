select responded_on as day, account, team_id, channel, priority,
    100 * sum(case when score >= 9 then 1 when score <= 6 then -1 else 0 end) as numerator, count(*) as denominator
from core.fct_survey_response where metric = 'nps' and score is not null and not is_excluded
group by responded_on, account, team_id, channel, priority
