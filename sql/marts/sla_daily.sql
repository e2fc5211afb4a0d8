select
    cast(c.settled_at at time zone z.time_zone as date) as day,
    z.time_zone,
    c.account,
    coalesce(c.team_id, 'none') as team_id,
    n.name as team,
    c.channel,
    c.priority,
    c.metric,
    coalesce(c.policy_id, 'none') as policy_id,
    sum(case when c.state = 'achieved' then 1 else 0 end) as achieved_count,
    sum(case when c.state = 'breached' then 1 else 0 end) as breached_count,
    sum(case when c.is_ended_without_reply then 1 else 0 end) as ended_without_reply_count,
    sum(case when c.state = 'breached' then c.elapsed_seconds_recorded - c.target_seconds end)
        as breach_age_seconds_sum,
    cast(sum(case when c.state = 'achieved' then 1 else 0 end) as double) / count(*) as attainment
from core.fct_sla_clock as c
cross join ops.reporting_zone as z
left join core.dim_team as n on c.account = n.account and c.team_id = n.team_id
where c.settled_at is not null and cast(c.settled_at at time zone z.time_zone as date) <= z.last_day
group by
    cast(c.settled_at at time zone z.time_zone as date),
    z.time_zone,
    c.account,
    coalesce(c.team_id, 'none'),
    n.name,
    c.channel,
    c.priority,
    c.metric, coalesce(c.policy_id, 'none')
