-- One row for each ticket, instant that a measure needs, and schedule that the ticket ever had: the
-- open seconds up to that instant. Business time between two instants is one subtraction.
-- `open_seconds` is the ticket's own clock (each second judged by the schedule then in force),
-- `schedule_open_seconds` that of the row's schedule alone.
with instants as (
    select
        account,
        ticket_id,
        created_at as instant
    from staging.ticket
    union
    select
        account,
        ticket_id,
        starts_at
    from staging.status_change
    union
    select
        account,
        ticket_id,
        sent_at
    from staging.message
    where is_public
    union
    select
        event.account,
        event.ticket_id,
        min(event.changed_at)
    from source.ticket_event as event
    join staging.ticket as ticket
        on event.account = ticket.account and event.ticket_id = ticket.ticket_id
    where event.field = 'assignee' and event.to_value is not null
    group by event.account, event.ticket_id
),

schedules_in_force as (
    select
        instants.account,
        instants.ticket_id,
        instants.instant,
        schedule_span.schedule_id,
        schedule_span.open_offset,
        cast(instants.instant as date) as utc_day,
        cast(floor(epoch(instants.instant)) as bigint) % 86400 as second_of_day
    from instants
    join staging.schedule_span as schedule_span
        on instants.account = schedule_span.account
            and instants.ticket_id = schedule_span.ticket_id
            and instants.instant >= schedule_span.from_at
            and instants.instant < schedule_span.until_at
),

clock_in_force as (
    select
        schedules_in_force.account,
        schedules_in_force.ticket_id,
        schedules_in_force.instant,
        schedules_in_force.schedule_id,
        schedules_in_force.open_offset,
        schedules_in_force.utc_day,
        schedules_in_force.second_of_day,
        segment.open_before
        + case
            when segment.is_open then schedules_in_force.second_of_day - segment.from_second
            else 0
        end
            as schedule_open_seconds
    from schedules_in_force
    join core.business_segment as segment
        on schedules_in_force.account = segment.account
            and schedules_in_force.schedule_id = segment.schedule_id
            and schedules_in_force.utc_day = segment.utc_day
            and schedules_in_force.second_of_day >= segment.from_second
            and schedules_in_force.second_of_day < segment.to_second
),

-- The `_at_event` rule needs the readings of schedules that were not in force, too.
other_schedules as (
    select distinct
        span.account,
        span.ticket_id,
        span.schedule_id
    from staging.schedule_span as span
    join staging.schedule_span as other_span
        on span.account = other_span.account
            and span.ticket_id = other_span.ticket_id
            and span.schedule_id <> other_span.schedule_id
)

select
    account,
    ticket_id,
    instant,
    schedule_id,
    true as is_in_force,
    schedule_open_seconds + open_offset as open_seconds,
    schedule_open_seconds
from clock_in_force
union all
select
    clock_in_force.account,
    clock_in_force.ticket_id,
    clock_in_force.instant,
    other_schedules.schedule_id,
    false,
    clock_in_force.schedule_open_seconds + clock_in_force.open_offset,
    segment.open_before
    + case when segment.is_open then clock_in_force.second_of_day - segment.from_second else 0 end
from clock_in_force
join other_schedules
    on clock_in_force.account = other_schedules.account
        and clock_in_force.ticket_id = other_schedules.ticket_id
        and clock_in_force.schedule_id <> other_schedules.schedule_id
join core.business_segment as segment
    on other_schedules.account = segment.account
        and other_schedules.schedule_id = segment.schedule_id
        and clock_in_force.utc_day = segment.utc_day
        and clock_in_force.second_of_day >= segment.from_second
        and clock_in_force.second_of_day < segment.to_second
