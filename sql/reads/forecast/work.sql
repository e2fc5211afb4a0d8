with counts as (
    select
        kpis.account,
        kpis.team_id,
        kpis.kpi,
        kpis.day,
        cast(sum(kpis.numerator) as double) as work
    from marts.kpi_daily as kpis
    inner join ops.reporting_zone as zone
        on
            zone.is_main
            and kpis.time_zone = zone.time_zone
    where
        kpis.kpi in (
            'replies_per_ticket', 'reopens', 'survey_response_rate', 'tickets_solved', 'handle_time'
        )
    group by
        kpis.account,
        kpis.team_id,
        kpis.kpi,
        kpis.day
)

select
    account,
    team_id,
    case kpi
        when 'replies_per_ticket' then 'replies'
        when 'survey_response_rate' then 'surveys_answered'
        when 'tickets_solved' then 'solved'
        when 'handle_time' then 'handle_minutes'
        else kpi
    end as measure,
    day,
    work
from counts
union all
select
    calls.account,
    calls.team_id,
    'calls' as measure,
    days.day,
    cast(count(*) as double) as work
from core.fct_call as calls
inner join ops.reporting_zone as zone on zone.is_main
inner join core.dim_local_day as days
    on
        zone.time_zone = days.time_zone
        and calls.offered_at >= days.starts_at
        and calls.offered_at < days.ends_at
where days.day <= zone.last_day
group by
    calls.account,
    calls.team_id,
    days.day
