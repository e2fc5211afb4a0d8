with spans as (
    select
        teams.account,
        teams.counts_as_id as team_id,
        lower(coalesce(shifts.activity, '')) as activity,
        extract(epoch from shifts.ends_at - shifts.starts_at) as seconds,
        shifts.starts_at,
        shifts.ends_at
    from source.shift as shifts
    inner join staging.team as teams
        on
            shifts.team_id = teams.team_id
            and (shifts.connector = 'files' or shifts.account = teams.account)
    union all
    select
        agents.account,
        agents.team_id,
        lower(coalesce(shifts.activity, '')) as activity,
        extract(epoch from shifts.ends_at - shifts.starts_at) as seconds,
        shifts.starts_at,
        shifts.ends_at
    from source.shift as shifts
    inner join staging.known_agent as agents
        on
            shifts.agent_id = agents.agent_id
            and shifts.team_id is null
            and (shifts.connector = 'files' or shifts.account = agents.account)
    where agents.team_id is not null
)

select
    spans.account,
    spans.team_id,
    cast(sum(spans.seconds) as double) as seconds,
    cast(
        sum(case when spans.activity in ('', 'work') then 0 else spans.seconds end) as double
    ) as absent_seconds
from spans
inner join ops.reporting_zone as zone on zone.is_main
where
    spans.starts_at >= zone.as_of - interval '56 days'
    and spans.ends_at <= zone.as_of
    and spans.ends_at > spans.starts_at
group by
    spans.account,
    spans.team_id
