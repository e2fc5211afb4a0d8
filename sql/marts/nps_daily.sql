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
    sum(case when r.score >= 9 then 1 else 0 end) as promoters_count,
    sum(case when r.score > 6 and r.score < 9 then 1 else 0 end) as passives_count,
    sum(case when r.score <= 6 then 1 else 0 end) as detractors_count,
    100
    * cast(sum(case when r.score >= 9 then 1 when r.score <= 6 then -1 else 0 end) as double)
    / count(*) as nps
from core.fct_survey_response as r
cross join ops.reporting_zone as z
left join core.dim_team as n on r.ticket_account = n.account and r.team_id = n.team_id
where r.metric = 'nps'
    and not r.is_excluded
    and r.score is not null
    and cast(r.responded_at at time zone z.time_zone as date) <= z.last_day
group by
    cast(r.responded_at at time zone z.time_zone as date),
    z.time_zone,
    r.ticket_account,
    coalesce(r.team_id, 'none'),
    n.name,
    r.channel,
    r.priority, coalesce(r.survey_id, 'none')
