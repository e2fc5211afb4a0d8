-- One row for each span of one status in a ticket's life. The first span starts at creation with
-- the status before the first change. A ticket without history has one span, or two if the vendor
-- reports when it was solved. Changes reported before the creation count at the creation, in their
-- order. Until a first change that reports no status before it, the ticket counts as open.
-- The time in the bin is a span of its own; solves and reopens are judged without it.
with status_changes as (
    select
        account,
        ticket_id,
        changed_at,
        coalesce(sequence, 0) as sequence,
        event_id,
        from_value,
        to_value,
        row_number()
            over (
                partition by account, ticket_id order by changed_at, coalesce(sequence, 0), event_id
            )
            as place
    from source.ticket_event
    where field = 'status' and to_value is not null
),

-- Places -2 and -1 come before every reported change.
status_points as (
    select
        status_changes.account,
        status_changes.ticket_id,
        case
            when status_changes.changed_at < ticket.created_at then ticket.created_at
            else status_changes.changed_at
        end as starts_at,
        status_changes.place,
        status_changes.to_value as status
    from status_changes
    join staging.ticket as ticket
        on status_changes.account = ticket.account and status_changes.ticket_id = ticket.ticket_id
    union all
    select
        ticket.account,
        ticket.ticket_id,
        ticket.created_at,
        -2,
        status_changes.from_value
    from staging.ticket as ticket
    join status_changes
        on ticket.account = status_changes.account
            and ticket.ticket_id = status_changes.ticket_id
            and status_changes.place = 1
    where status_changes.from_value is not null or status_changes.changed_at > ticket.created_at
    union all
    select
        ticket.account,
        ticket.ticket_id,
        ticket.created_at,
        -2,
        case
            when ticket.status_category in ('solved', 'closed')
                and coalesce(ticket.solved_at, ticket.closed_at) is not null
                then null
            else ticket.status
        end
    from staging.ticket as ticket
    left join status_changes
        on ticket.account = status_changes.account
            and ticket.ticket_id = status_changes.ticket_id
            and status_changes.place = 1
    where status_changes.ticket_id is null
    union all
    select
        ticket.account,
        ticket.ticket_id,
        case
            when coalesce(ticket.solved_at, ticket.closed_at) < ticket.created_at
                then ticket.created_at
            else coalesce(ticket.solved_at, ticket.closed_at)
        end,
        -1,
        ticket.status
    from staging.ticket as ticket
    left join status_changes
        on ticket.account = status_changes.account
            and ticket.ticket_id = status_changes.ticket_id
            and status_changes.place = 1
    where status_changes.ticket_id is null
        and ticket.status_category in ('solved', 'closed')
        and coalesce(ticket.solved_at, ticket.closed_at) is not null
),

categorized_points as (
    select
        status_points.account,
        status_points.ticket_id,
        status_points.starts_at,
        status_points.place,
        status_points.status,
        case
            when status_points.status is null then 'open'
            else coalesce(status_category.category, 'other')
        end as category
    from status_points
    left join staging.status_category as status_category
        on status_points.account = status_category.account
            and status_points.status = status_category.status_id
),

ordered_spans as (
    select
        account,
        ticket_id,
        starts_at,
        status,
        category,
        row_number() over (partition by account, ticket_id order by starts_at, place) as position,
        lead(starts_at) over (partition by account, ticket_id order by starts_at, place) as ends_at,
        lag(category) over (
            partition by account, ticket_id, category = 'deleted' order by starts_at, place
        ) as previous
    from categorized_points
),

spans_with_turns as (
    select
        account,
        ticket_id,
        position,
        status,
        category,
        starts_at,
        ends_at,
        category in ('solved', 'closed')
        and coalesce(previous, 'open') not in ('solved', 'closed') as is_solve,
        category not in ('solved', 'closed', 'deleted')
        and coalesce(previous, 'open') in ('solved', 'closed') as is_reopen
    from ordered_spans
)

select
    account,
    ticket_id,
    position,
    status,
    category,
    starts_at,
    ends_at,
    is_solve,
    is_reopen,
    category = 'deleted' and sum(case when is_solve then 1 when is_reopen then -1 else 0 end) over (
        partition by account, ticket_id
        order by position rows between unbounded preceding and current row
    ) = 0 as is_binned,
    max(case when is_solve then starts_at end) over (
        partition by account, ticket_id
        order by position rows between unbounded preceding and current row
    ) as solved_at,
    is_solve and coalesce(sum(case when is_solve or is_reopen then 1 else 0 end) over (
        partition by account, ticket_id
        order by position rows between 1 following and unbounded following
    ), 0) = 0 as is_final_solve
from spans_with_turns
