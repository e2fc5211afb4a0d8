-- Who held a ticket when: one row a span of one agent (kind assignee) or one team (kind team).
-- Taking away ends a span and begins none; giving to the same holder again is no new span. History
-- may tell a team's name where tickets have its id (Freshdesk's activities).
with team_names as (
    select
        account,
        name,
        min(team_id) as team_id
    from source.team
    where name is not null
    group by account, name
),

changes as (
    select
        e.account,
        e.ticket_id,
        e.field,
        e.changed_at,
        coalesce(e.sequence, 0) as sequence,
        e.event_id,
        coalesce(f.team_id, e.from_value) as from_value,
        coalesce(n.team_id, e.to_value) as to_value,
        row_number()
            over (
                partition by e.account, e.ticket_id, e.field
                order by e.changed_at, coalesce(e.sequence, 0), e.event_id
            )
            as place
    from source.ticket_event as e
    left join team_names as f
        on e.account = f.account and e.from_value = f.name and e.field = 'team'
    left join team_names as n on e.account = n.account and e.to_value = n.name and e.field = 'team'
    where e.field in ('assignee', 'team')
),

present as (
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

points as (
    select
        c.account,
        c.ticket_id,
        c.field,
        c.changed_at,
        c.sequence,
        c.event_id,
        c.to_value as holder_id
    from changes as c
    join staging.ticket as t on c.account = t.account and c.ticket_id = t.ticket_id
    union all
    select
        c.account,
        c.ticket_id,
        c.field,
        case when c.changed_at < t.created_at then c.changed_at else t.created_at end,
        -1,
        '',
        c.from_value
    from changes as c
    join staging.ticket as t on c.account = t.account and c.ticket_id = t.ticket_id
    where c.place = 1 and c.from_value is not null
    union all
    select
        p.account,
        p.ticket_id,
        p.field,
        p.created_at,
        -1,
        '',
        p.holder_id
    from present as p
    left join changes as c
        on p.account = c.account and p.ticket_id = c.ticket_id and p.field = c.field and c.place = 1
    where c.ticket_id is null
),

compared as (
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
    from points
),

turns as (
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
    from compared
    where holder_id is distinct from before_id
)

select
    a.account,
    a.ticket_id,
    a.field as kind,
    row_number()
        over (
            partition by a.account, a.ticket_id, a.field
            order by a.changed_at, a.sequence, a.event_id
        )
        as position,
    a.holder_id,
    a.changed_at as starts_at,
    a.ends_at,
    t.excluded_because is not null as is_excluded,
    t.team_id,
    t.channel,
    t.priority
from turns as a
join staging.ticket as t on a.account = t.account and a.ticket_id = t.ticket_id
where a.holder_id is not null
