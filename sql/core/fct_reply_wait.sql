-- Next replies: from the first customer message after an agent's reply to the agents' next reply,
-- or to a solve without one. In the same second messages come before the solve, so a reply that
-- solves is a reply.
with steps as (
    select
        account,
        ticket_id,
        sent_at as instant,
        0 as late,
        position as place,
        message_id,
        case when author_role = 'agent' then 'reply' else 'ask' end as kind,
        agent_id
    from staging.message
    where is_public and not is_opening and author_role in ('agent', 'customer')
    union all
    select
        account,
        ticket_id,
        starts_at,
        1,
        position,
        null,
        'solve',
        null
    from staging.status_change
    where is_solve
),

compared as (
    select
        account,
        ticket_id,
        instant,
        late,
        place,
        message_id,
        kind,
        agent_id,
        lag(kind)
            over (partition by account, ticket_id order by instant, late, place)
            as before_kind,
        sum(case when kind = 'reply' then 1 else 0 end) over (
            partition by account, ticket_id
            order by instant, late, place rows between unbounded preceding and current row
        ) as replies_before
    from steps
),

turns as (
    select
        account,
        ticket_id,
        instant,
        late,
        place,
        message_id,
        kind,
        replies_before,
        lead(instant)
            over (partition by account, ticket_id order by instant, late, place)
            as ended_at,
        lead(kind) over (partition by account, ticket_id order by instant, late, place) as ended_by,
        lead(agent_id)
            over (partition by account, ticket_id order by instant, late, place)
            as agent_id
    from compared
    where kind <> 'ask' or before_kind is null or before_kind <> 'ask'
),

waits as (
    select
        account,
        ticket_id,
        row_number()
            over (partition by account, ticket_id order by instant, late, place)
            as position,
        message_id,
        instant as asked_at,
        ended_at,
        ended_by,
        agent_id
    from turns
    where kind = 'ask' and replies_before > 0
)

select
    w.account,
    w.ticket_id,
    w.position,
    w.message_id,
    w.asked_at,
    w.ended_at,
    w.ended_by = 'reply' as is_replied,
    w.agent_id,
    date_diff('second', w.asked_at, w.ended_at) as seconds_recorded,
    e.open_seconds - s.open_seconds as business_seconds_recorded,
    t.excluded_because is not null as is_excluded,
    t.team_id,
    t.channel,
    t.priority
from waits as w
join staging.ticket as t on w.account = t.account and w.ticket_id = t.ticket_id
left join staging.ticket_instant as s
    on w.account = s.account
        and w.ticket_id = s.ticket_id
        and w.asked_at = s.instant
        and s.is_in_force
left join staging.ticket_instant as e
    on w.account = e.account
        and w.ticket_id = e.ticket_id
        and w.ended_at = e.instant
        and e.is_in_force
