-- Which business schedule a ticket has when. `open_offset` makes one running clock of a ticket's
-- several schedules: the open seconds of the ticket up to an instant are those of the schedule in
-- force, plus the offset.
with changes as (
    select
        e.account,
        e.ticket_id,
        e.changed_at,
        e.from_value,
        e.to_value,
        row_number()
            over (
                partition by e.account, e.ticket_id
                order by e.changed_at, coalesce(e.sequence, 0), e.event_id
            )
            as place
    from source.ticket_event as e
    where e.field = 'schedule'
),

default_schedule as (
    select
        account,
        min(schedule_id) as schedule_id
    from core.business_segment
    where is_default
    group by account
),

known as (
    select distinct
        account,
        schedule_id
    from core.business_segment
),

points as (
    select
        t.account,
        t.ticket_id,
        0 as place,
        case when c.ticket_id is null then t.schedule_id else c.from_value end as schedule_id,
        timestamptz '1900-01-01 00:00:00+00' as from_at
    from staging.ticket as t
    left join changes as c on t.account = c.account and t.ticket_id = c.ticket_id and c.place = 1
    union all
    select
        c.account,
        c.ticket_id,
        c.place,
        c.to_value,
        c.changed_at
    from changes as c
    join staging.ticket as t on c.account = t.account and c.ticket_id = t.ticket_id
),

spans as (
    select
        p.account,
        p.ticket_id,
        p.place,
        coalesce(k.schedule_id, d.schedule_id) as schedule_id,
        p.from_at,
        coalesce(
            lead(p.from_at) over (partition by p.account, p.ticket_id order by p.place),
            timestamptz '2200-01-01 00:00:00+00'
        ) as until_at
    from points as p
    left join known as k on p.account = k.account and p.schedule_id = k.schedule_id
    left join default_schedule as d on p.account = d.account
),

borders as (
    select
        account,
        ticket_id,
        place,
        schedule_id,
        from_at as instant,
        'from' as side
    from spans
    where place > 0
    union all
    select
        account,
        ticket_id,
        place,
        schedule_id,
        until_at,
        'until'
    from spans
    where until_at < timestamptz '2200-01-01 00:00:00+00'
),

looked_up as (
    select
        x.account,
        x.ticket_id,
        x.place,
        x.side,
        b.open_before
        + case
            when b.is_open then cast(floor(epoch(x.instant)) as bigint) % 86400 - b.from_second
            else 0
        end as open_seconds
    from borders as x
    join core.business_segment as b
        on x.account = b.account
            and x.schedule_id = b.schedule_id
            and b.utc_day = cast(x.instant as date)
            and b.from_second <= cast(floor(epoch(x.instant)) as bigint) % 86400
            and cast(floor(epoch(x.instant)) as bigint) % 86400 < b.to_second
)

select
    s.account,
    s.ticket_id,
    s.place as position,
    s.schedule_id,
    s.from_at,
    s.until_at,
    coalesce(
        sum(coalesce(before.open_seconds, 0))
            over (
                partition by s.account, s.ticket_id
                order by s.place
                rows between unbounded preceding and 1 preceding
            ),
        0
    )
    - coalesce(
        sum(coalesce(here.open_seconds, 0))
            over (
                partition by s.account, s.ticket_id
                order by s.place
                rows between unbounded preceding and current row
            ),
        0
    )
        as open_offset
from spans as s
left join looked_up as before
    on s.account = before.account
        and s.ticket_id = before.ticket_id
        and s.place = before.place
        and before.side = 'until'
left join looked_up as here
    on s.account = here.account
        and s.ticket_id = here.ticket_id
        and s.place = here.place
        and here.side = 'from'
