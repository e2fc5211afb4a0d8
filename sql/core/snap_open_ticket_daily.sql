-- Tickets that are unsolved at the end of a local day, from their history. A span of a status
-- covers a day's end if it begins on the day or before and ends on a later day.
with spans as (
    select
        i.account,
        i.ticket_id,
        i.category,
        i.team_id,
        i.channel,
        i.priority,
        z.time_zone,
        cast(i.starts_at at time zone z.time_zone as date) as first_day,
        case
            when i.ends_at is null then z.last_day
            when cast(i.ends_at at time zone z.time_zone as date) > z.last_day then z.last_day
            else cast(i.ends_at at time zone z.time_zone as date) - 1
        end as last_day
    from core.fct_status_interval as i
    cross join ops.reporting_zone as z
    where not i.is_excluded and i.category not in ('solved', 'closed')
),

days as (
    select
        account,
        ticket_id,
        category,
        team_id,
        channel,
        priority,
        time_zone,
        cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day
    from spans
    where first_day <= last_day
)

select
    s.time_zone,
    s.day,
    s.account,
    s.ticket_id,
    s.category,
    coalesce(s.team_id, 'none') as team_id,
    s.channel,
    s.priority,
    date_diff('second', t.created_at, d.ends_at) as age_seconds
from days as s
join core.dim_local_day as d on s.time_zone = d.time_zone and s.day = d.day
join staging.ticket as t on s.account = t.account and s.ticket_id = t.ticket_id
