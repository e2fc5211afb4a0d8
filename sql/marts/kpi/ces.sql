select responded_on as day, ticket_account as account, team_id, channel, priority,
    sum(case when score_share > 0.6 then 1 else 0 end) as numerator, count(*) as denominator
from core.fct_survey_response where metric = 'ces' and score_share is not null and not is_excluded
group by responded_on, ticket_account, team_id, channel, priority
