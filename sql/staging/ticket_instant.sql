-- The open seconds of a ticket up to every instant that its measures need, so that business time
-- between two of them is one subtraction. One row for each schedule that the ticket ever had:
-- `open_seconds` is the ticket's own clock (every second judged by the schedule then in force),
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
        e.account,
        e.ticket_id,
        min(e.changed_at)
    from source.ticket_event as e
    join staging.ticket as t on e.account = t.account and e.ticket_id = t.ticket_id
    where e.field = 'assignee' and e.to_value is not null
    group by e.account, e.ticket_id
),

in_force as (
    select
        i.account,
        i.ticket_id,
        i.instant,
        s.schedule_id,
        s.open_offset,
        cast(i.instant as date) as utc_day,
        cast(floor(epoch(i.instant)) as bigint) % 86400 as second_of_day
    from instants as i
    join staging.schedule_span as s
        on i.account = s.account
            and i.ticket_id = s.ticket_id
            and i.instant >= s.from_at
            and i.instant < s.until_at
),

own as (
    select
        f.account,
        f.ticket_id,
        f.instant,
        f.schedule_id,
        f.open_offset,
        f.utc_day,
        f.second_of_day,
        b.open_before
        + case when b.is_open then f.second_of_day - b.from_second else 0 end
            as schedule_open_seconds
    from in_force as f
    join core.business_segment as b
        on f.account = b.account and f.schedule_id = b.schedule_id and f.utc_day = b.utc_day
            and f.second_of_day >= b.from_second and f.second_of_day < b.to_second
),

others as (
    select distinct
        a.account,
        a.ticket_id,
        a.schedule_id
    from staging.schedule_span as a
    join staging.schedule_span as o
        on a.account = o.account and a.ticket_id = o.ticket_id and a.schedule_id <> o.schedule_id
)

select
    account,
    ticket_id,
    instant,
    schedule_id,
    true as is_in_force,
    schedule_open_seconds + open_offset as open_seconds,
    schedule_open_seconds
from own
union all
select
    f.account,
    f.ticket_id,
    f.instant,
    o.schedule_id,
    false,
    f.schedule_open_seconds + f.open_offset,
    b.open_before + case when b.is_open then f.second_of_day - b.from_second else 0 end
from own as f
join others as o
    on f.account = o.account and f.ticket_id = o.ticket_id and f.schedule_id <> o.schedule_id
join core.business_segment as b
    on o.account = b.account and o.schedule_id = b.schedule_id and f.utc_day = b.utc_day
        and f.second_of_day >= b.from_second and f.second_of_day < b.to_second
