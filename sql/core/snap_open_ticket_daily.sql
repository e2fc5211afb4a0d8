-- One row for each ticket that was unsolved at the end of a local day, from its history. A span
-- covers a day's end if it starts on that day or before and ends on a later day.
with unsolved_spans as (
    select
        status_interval.account,
        status_interval.ticket_id,
        status_interval.category,
        status_interval.team_id,
        status_interval.channel,
        status_interval.priority,
        zone.time_zone,
        cast(status_interval.starts_at at time zone zone.time_zone as date) as first_day,
        case
            when status_interval.ends_at is null then zone.last_day
            when cast(status_interval.ends_at at time zone zone.time_zone as date) > zone.last_day
                then zone.last_day
            else cast(status_interval.ends_at at time zone zone.time_zone as date) - 1
        end as last_day
    from core.fct_status_interval as status_interval
    cross join ops.reporting_zone as zone
    where not status_interval.is_excluded
        and status_interval.category not in ('solved', 'closed', 'deleted')
),

unsolved_days as (
    select
        account,
        ticket_id,
        category,
        team_id,
        channel,
        priority,
        time_zone,
        cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day
    from unsolved_spans
    where first_day <= last_day
)

select
    unsolved_days.time_zone,
    unsolved_days.day,
    unsolved_days.account,
    unsolved_days.ticket_id,
    unsolved_days.category,
    coalesce(unsolved_days.team_id, 'none') as team_id,
    unsolved_days.channel,
    unsolved_days.priority,
    date_diff('second', ticket.created_at, local_day.ends_at) as age_seconds
from unsolved_days
join core.dim_local_day as local_day
    on unsolved_days.time_zone = local_day.time_zone and unsolved_days.day = local_day.day
join staging.ticket as ticket
    on unsolved_days.account = ticket.account and unsolved_days.ticket_id = ticket.ticket_id
