select
    cast(r.responded_at at time zone z.time_zone as date) as day,
    z.time_zone,
    r.ticket_account as account,
    coalesce(r.team_id, 'none') as team_id,
    n.name as team,
    r.channel,
    r.priority,
    coalesce(r.survey_id, 'none') as survey_id,
    count(*) as answers_count,
    sum(case when r.is_satisfied then 1 else 0 end) as satisfied_count,
    cast(sum(case when r.is_satisfied then 1 else 0 end) as double) / count(*) as csat
from core.fct_survey_response as r
cross join ops.reporting_zone as z
left join core.dim_team as n on r.ticket_account = n.account and r.team_id = n.team_id
where r.metric = 'csat'
    and not r.is_excluded
    and r.is_latest
    and r.is_satisfied is not null
    and cast(r.responded_at at time zone z.time_zone as date) <= z.last_day
group by
    cast(r.responded_at at time zone z.time_zone as date),
    z.time_zone,
    r.ticket_account,
    coalesce(r.team_id, 'none'),
    n.name,
    r.channel,
    r.priority, coalesce(r.survey_id, 'none')
