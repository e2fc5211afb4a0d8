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
    sum(case when r.score_share > 0.6 then 1 else 0 end) as easy_count,
    cast(sum(cast(floor(r.score_share * 1000000 + 0.5) as bigint)) as double)
    / 1000000 as score_share_sum,
    cast(sum(case when r.score_share > 0.6 then 1 else 0 end) as double) / count(*) as ces,
    cast(sum(cast(floor(r.score_share * 1000000 + 0.5) as bigint)) as double)
    / 1000000
    / count(*) as ces_mean
from core.fct_survey_response as r
cross join ops.reporting_zone as z
left join core.dim_team as n on r.ticket_account = n.account and r.team_id = n.team_id
where r.metric = 'ces'
    and not r.is_excluded
    and r.score_share is not null
    and cast(r.responded_at at time zone z.time_zone as date) <= z.last_day
group by
    cast(r.responded_at at time zone z.time_zone as date),
    z.time_zone,
    r.ticket_account,
    coalesce(r.team_id, 'none'),
    n.name,
    r.channel,
    r.priority, coalesce(r.survey_id, 'none')
