-- One row for each span in which a ticket had one business schedule. `open_offset` makes one
-- running clock of several schedules: the open seconds of the ticket up to an instant are those of
-- the schedule in force plus the offset. Where teams have schedules, a ticket has that of its team;
-- some histories name a team where tickets have its id (Freshdesk activities).
with accounts_with_team_schedules as (
    select distinct account
    from source.team
    where schedule_id is not null
),

team_schedules as (
    select
        account,
        team_id as team,
        schedule_id
    from source.team
    union all
    select
        account,
        name,
        min(schedule_id)
    from source.team
    where name is not null
    group by account, name
),

named_schedules as (
    select
        account,
        team,
        min(schedule_id) as schedule_id
    from team_schedules
    group by account, team
),

changes_by_source as (
    select
        account,
        ticket_id,
        changed_at,
        coalesce(sequence, 0) as sequence,
        event_id,
        from_value,
        to_value
    from source.ticket_event
    where field = 'schedule'
    union all
    select
        event.account,
        event.ticket_id,
        event.changed_at,
        coalesce(event.sequence, 0),
        event.event_id,
        from_team.schedule_id as from_schedule_id,
        to_team.schedule_id as to_schedule_id
    from source.ticket_event as event
    join accounts_with_team_schedules on event.account = accounts_with_team_schedules.account
    left join named_schedules as from_team
        on event.account = from_team.account and event.from_value = from_team.team
    left join named_schedules as to_team
        on event.account = to_team.account and event.to_value = to_team.team
    where event.field = 'team'
),

schedule_changes as (
    select
        account,
        ticket_id,
        changed_at,
        from_value,
        to_value,
        row_number()
            over (partition by account, ticket_id order by changed_at, sequence, event_id)
            as place
    from changes_by_source
),

default_schedule as (
    select
        account,
        min(schedule_id) as schedule_id
    from core.business_segment
    where is_default
    group by account
),

known_schedules as (
    select distinct
        account,
        schedule_id
    from core.business_segment
),

schedule_starts as (
    select
        ticket.account,
        ticket.ticket_id,
        0 as place,
        case
            when schedule_changes.ticket_id is null
                then coalesce(ticket.schedule_id, named_schedules.schedule_id)
            else schedule_changes.from_value
        end as schedule_id,
        timestamptz '1900-01-01 00:00:00+00' as from_at
    from staging.ticket as ticket
    left join schedule_changes
        on ticket.account = schedule_changes.account
            and ticket.ticket_id = schedule_changes.ticket_id
            and schedule_changes.place = 1
    left join named_schedules
        on ticket.account = named_schedules.account
            and coalesce(ticket.vendor_team_id, ticket.team_id) = named_schedules.team
    union all
    select
        schedule_changes.account,
        schedule_changes.ticket_id,
        schedule_changes.place,
        schedule_changes.to_value,
        schedule_changes.changed_at
    from schedule_changes
    join staging.ticket as ticket
        on schedule_changes.account = ticket.account
            and schedule_changes.ticket_id = ticket.ticket_id
),

resolved_starts as (
    select
        schedule_starts.account,
        schedule_starts.ticket_id,
        schedule_starts.place,
        coalesce(known_schedules.schedule_id, default_schedule.schedule_id) as schedule_id,
        schedule_starts.from_at
    from schedule_starts
    left join known_schedules
        on schedule_starts.account = known_schedules.account
            and schedule_starts.schedule_id = known_schedules.schedule_id
    left join default_schedule on schedule_starts.account = default_schedule.account
),

starts_with_former as (
    select
        account,
        ticket_id,
        place,
        schedule_id,
        from_at,
        lag(schedule_id) over (partition by account, ticket_id order by place) as former_schedule_id
    from resolved_starts
),

real_starts as (
    select
        account,
        ticket_id,
        row_number() over (partition by account, ticket_id order by place) - 1 as place,
        schedule_id,
        from_at
    from starts_with_former
    where place = 0 or schedule_id is distinct from former_schedule_id
),

schedule_spans as (
    select
        account,
        ticket_id,
        place,
        schedule_id,
        from_at,
        coalesce(
            lead(from_at) over (partition by account, ticket_id order by place),
            timestamptz '2200-01-01 00:00:00+00'
        ) as until_at
    from real_starts
),

-- Where one schedule hands over to the next, the ticket's clock must not jump.
span_borders as (
    select
        account,
        ticket_id,
        place,
        schedule_id,
        from_at as instant,
        'from' as side
    from schedule_spans
    where place > 0
    union all
    select
        account,
        ticket_id,
        place,
        schedule_id,
        until_at,
        'until'
    from schedule_spans
    where until_at < timestamptz '2200-01-01 00:00:00+00'
),

border_seconds as (
    select
        span_borders.account,
        span_borders.ticket_id,
        span_borders.place,
        span_borders.side,
        segment.open_before
        + case
            when segment.is_open
                then cast(floor(epoch(span_borders.instant)) as bigint) % 86400
                    - segment.from_second
            else 0
        end as open_seconds
    from span_borders
    join core.business_segment as segment
        on span_borders.account = segment.account
            and span_borders.schedule_id = segment.schedule_id
            and segment.utc_day = cast(span_borders.instant as date)
            and segment.from_second <= cast(floor(epoch(span_borders.instant)) as bigint) % 86400
            and cast(floor(epoch(span_borders.instant)) as bigint) % 86400 < segment.to_second
)

select
    schedule_spans.account,
    schedule_spans.ticket_id,
    schedule_spans.place as position,
    schedule_spans.schedule_id,
    schedule_spans.from_at,
    schedule_spans.until_at,
    coalesce(
        sum(coalesce(before.open_seconds, 0))
            over (
                partition by schedule_spans.account, schedule_spans.ticket_id
                order by schedule_spans.place
                rows between unbounded preceding and 1 preceding
            ),
        0
    )
    - coalesce(
        sum(coalesce(here.open_seconds, 0))
            over (
                partition by schedule_spans.account, schedule_spans.ticket_id
                order by schedule_spans.place
                rows between unbounded preceding and current row
            ),
        0
    )
        as open_offset
from schedule_spans
left join border_seconds as before
    on schedule_spans.account = before.account
        and schedule_spans.ticket_id = before.ticket_id
        and schedule_spans.place = before.place
        and before.side = 'until'
left join border_seconds as here
    on schedule_spans.account = here.account
        and schedule_spans.ticket_id = here.ticket_id
        and schedule_spans.place = here.place
        and here.side = 'from'
