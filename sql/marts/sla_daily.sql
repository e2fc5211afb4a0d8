-- One row for each local day, scope, metric and policy of settled SLA clocks.
select
    cast(sla_clock.settled_at at time zone zone.time_zone as date) as day,
    zone.time_zone,
    sla_clock.account,
    coalesce(sla_clock.team_id, 'none') as team_id,
    team.name as team,
    sla_clock.channel,
    sla_clock.priority,
    sla_clock.metric,
    coalesce(sla_clock.policy_id, 'none') as policy_id,
    sum(case when sla_clock.state = 'achieved' then 1 else 0 end) as achieved_count,
    sum(case when sla_clock.state = 'breached' then 1 else 0 end) as breached_count,
    sum(case when sla_clock.is_ended_without_reply then 1 else 0 end) as ended_without_reply_count,
    sum(
        case
            when sla_clock.state = 'breached'
                then sla_clock.elapsed_seconds_recorded - sla_clock.target_seconds
        end
    )
        as breach_age_seconds_sum,
    cast(sum(case when sla_clock.state = 'achieved' then 1 else 0 end) as double)
    / count(*) as attainment
from core.fct_sla_clock as sla_clock
cross join ops.reporting_zone as zone
left join staging.known_team as team
    on sla_clock.account = team.account and sla_clock.team_id = team.team_id
where sla_clock.settled_at is not null
    and cast(sla_clock.settled_at at time zone zone.time_zone as date) <= zone.last_day
group by
    cast(sla_clock.settled_at at time zone zone.time_zone as date),
    zone.time_zone,
    sla_clock.account,
    coalesce(sla_clock.team_id, 'none'),
    team.name,
    sla_clock.channel,
    sla_clock.priority,
    sla_clock.metric, coalesce(sla_clock.policy_id, 'none')
