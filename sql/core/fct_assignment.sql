-- One row for each span in which one agent (kind assignee) or one team (kind team) held a ticket.
-- Unassigning ends a span and starts none. Assigning to the same holder again starts no new span.
-- Some histories name a team where tickets have its id (Freshdesk activities).
with written_teams as (
    select
        account,
        team_id as written,
        counts_as_id as team_id,
        true as is_id
    from staging.team
    union all
    select
        account,
        vendor_name,
        counts_as_id,
        false
    from staging.team
    where vendor_name is not null
),

team_names as (
    select
        account,
        written,
        coalesce(min(case when is_id then team_id end), min(team_id)) as team_id
    from written_teams
    group by account, written
),

holder_changes as (
    select
        event.account,
        event.ticket_id,
        event.field,
        event.changed_at,
        coalesce(event.sequence, 0) as sequence,
        event.event_id,
        coalesce(from_team.team_id, event.from_value) as from_value,
        coalesce(to_team.team_id, event.to_value) as to_value,
        row_number()
            over (
                partition by event.account, event.ticket_id, event.field
                order by event.changed_at, coalesce(event.sequence, 0), event.event_id
            )
            as place
    from source.ticket_event as event
    left join team_names as from_team
        on event.account = from_team.account
            and event.from_value = from_team.written
            and event.field = 'team'
    left join team_names as to_team
        on event.account = to_team.account
            and event.to_value = to_team.written
            and event.field = 'team'
    where event.field in ('assignee', 'team')
),

current_holders as (
    select
        account,
        ticket_id,
        'assignee' as field,
        created_at,
        assignee_id as holder_id
    from staging.ticket
    where assignee_id is not null
    union all
    select
        account,
        ticket_id,
        'team',
        created_at,
        team_id
    from staging.ticket
    where team_id is not null
),

-- Changes, the holder before the first change, and the present holder of tickets without history.
holder_points as (
    select
        holder_changes.account,
        holder_changes.ticket_id,
        holder_changes.field,
        holder_changes.changed_at,
        holder_changes.sequence,
        holder_changes.event_id,
        holder_changes.to_value as holder_id
    from holder_changes
    join staging.ticket as ticket
        on holder_changes.account = ticket.account and holder_changes.ticket_id = ticket.ticket_id
    union all
    select
        holder_changes.account,
        holder_changes.ticket_id,
        holder_changes.field,
        case
            when holder_changes.changed_at < ticket.created_at then holder_changes.changed_at
            else ticket.created_at
        end,
        -1,
        '',
        holder_changes.from_value
    from holder_changes
    join staging.ticket as ticket
        on holder_changes.account = ticket.account and holder_changes.ticket_id = ticket.ticket_id
    where holder_changes.place = 1 and holder_changes.from_value is not null
    union all
    select
        current_holders.account,
        current_holders.ticket_id,
        current_holders.field,
        current_holders.created_at,
        -1,
        '',
        current_holders.holder_id
    from current_holders
    left join holder_changes
        on current_holders.account = holder_changes.account
            and current_holders.ticket_id = holder_changes.ticket_id
            and current_holders.field = holder_changes.field
            and holder_changes.place = 1
    where holder_changes.ticket_id is null
),

points_with_previous as (
    select
        account,
        ticket_id,
        field,
        changed_at,
        sequence,
        event_id,
        holder_id,
        lag(holder_id)
            over (partition by account, ticket_id, field order by changed_at, sequence, event_id)
            as before_id
    from holder_points
),

holder_spans as (
    select
        account,
        ticket_id,
        field,
        changed_at,
        sequence,
        event_id,
        holder_id,
        lead(changed_at)
            over (partition by account, ticket_id, field order by changed_at, sequence, event_id)
            as ends_at
    from points_with_previous
    where holder_id is distinct from before_id
)

select
    holder_spans.account,
    holder_spans.ticket_id,
    holder_spans.field as kind,
    row_number()
        over (
            partition by holder_spans.account, holder_spans.ticket_id, holder_spans.field
            order by holder_spans.changed_at, holder_spans.sequence, holder_spans.event_id
        )
        as position,
    holder_spans.holder_id,
    holder_spans.changed_at as starts_at,
    holder_spans.ends_at,
    ticket.excluded_because is not null as is_excluded,
    ticket.team_id,
    ticket.channel,
    ticket.priority
from holder_spans
join staging.ticket as ticket
    on holder_spans.account = ticket.account and holder_spans.ticket_id = ticket.ticket_id
where holder_spans.holder_id is not null
