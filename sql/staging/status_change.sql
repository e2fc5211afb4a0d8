-- A ticket's life as spans of one status. The first span begins at creation with the status before
-- the first change; a ticket without history is one span, or two if the vendor tells when it was
-- solved. A life begins at the opening: changes told to be before it count at it, in their order;
-- until a first change that tells no status before it, the ticket counts as open.
with changes as (
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

points as (
    select
        c.account,
        c.ticket_id,
        case when c.changed_at < t.created_at then t.created_at else c.changed_at end as starts_at,
        c.place,
        c.to_value as status
    from changes as c
    join staging.ticket as t on c.account = t.account and c.ticket_id = t.ticket_id
    union all
    select
        t.account,
        t.ticket_id,
        t.created_at,
        -2,
        c.from_value
    from staging.ticket as t
    join changes as c on t.account = c.account and t.ticket_id = c.ticket_id and c.place = 1
    where c.from_value is not null or c.changed_at > t.created_at
    union all
    select
        t.account,
        t.ticket_id,
        t.created_at,
        -2,
        case
            when t.status_category in ('solved', 'closed')
                and coalesce(t.solved_at, t.closed_at) is not null
                then null
            else t.status
        end
    from staging.ticket as t
    left join changes as c on t.account = c.account and t.ticket_id = c.ticket_id and c.place = 1
    where c.ticket_id is null
    union all
    select
        t.account,
        t.ticket_id,
        case
            when coalesce(t.solved_at, t.closed_at) < t.created_at then t.created_at
            else coalesce(t.solved_at, t.closed_at)
        end,
        -1,
        t.status
    from staging.ticket as t
    left join changes as c on t.account = c.account and t.ticket_id = c.ticket_id and c.place = 1
    where c.ticket_id is null
        and t.status_category in ('solved', 'closed')
        and coalesce(t.solved_at, t.closed_at) is not null
),

named as (
    select
        p.account,
        p.ticket_id,
        p.starts_at,
        p.place,
        p.status,
        case when p.status is null then 'open' else coalesce(s.category, 'other') end as category
    from points as p
    left join staging.status_category as s on p.account = s.account and p.status = s.status_id
),

ordered as (
    select
        account,
        ticket_id,
        starts_at,
        status,
        category,
        row_number() over (partition by account, ticket_id order by starts_at, place) as position,
        lead(starts_at) over (partition by account, ticket_id order by starts_at, place) as ends_at,
        lag(category) over (partition by account, ticket_id order by starts_at, place) as previous
    from named
),

turned as (
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
        category not in ('solved', 'closed')
        and coalesce(previous, 'open') in ('solved', 'closed') as is_reopen
    from ordered
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
    max(case when is_solve then starts_at end) over (
        partition by account, ticket_id
        order by position rows between unbounded preceding and current row
    ) as solved_at,
    is_solve and coalesce(sum(case when is_solve or is_reopen then 1 else 0 end) over (
        partition by account, ticket_id
        order by position rows between 1 following and unbounded following
    ), 0) = 0 as is_final_solve
from turned
