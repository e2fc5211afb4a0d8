-- One row for each wait for a next reply: from the first customer message after an agent's reply to
-- the agents' next reply, or to a solve without one. Within one second a message comes before the
-- solve, so a reply that solves is a reply.
with conversation_steps as (
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

steps_with_previous as (
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
    from conversation_steps
),

-- Of a run of customer messages only the first asks.
conversation_turns as (
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
    from steps_with_previous
    where kind <> 'ask' or before_kind is null or before_kind <> 'ask'
),

reply_waits as (
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
    from conversation_turns
    where kind = 'ask' and replies_before > 0
)

select
    reply_waits.account,
    reply_waits.ticket_id,
    reply_waits.position,
    reply_waits.message_id,
    reply_waits.asked_at,
    reply_waits.ended_at,
    reply_waits.ended_by = 'reply' as is_replied,
    reply_waits.agent_id,
    date_diff('second', reply_waits.asked_at, reply_waits.ended_at) as seconds_recorded,
    ended_clock.open_seconds - asked_clock.open_seconds as business_seconds_recorded,
    ticket.excluded_because is not null as is_excluded,
    ticket.team_id,
    ticket.channel,
    ticket.priority
from reply_waits
join staging.ticket as ticket
    on reply_waits.account = ticket.account and reply_waits.ticket_id = ticket.ticket_id
left join staging.ticket_instant as asked_clock
    on reply_waits.account = asked_clock.account
        and reply_waits.ticket_id = asked_clock.ticket_id
        and reply_waits.asked_at = asked_clock.instant
        and asked_clock.is_in_force
left join staging.ticket_instant as ended_clock
    on reply_waits.account = ended_clock.account
        and reply_waits.ticket_id = ended_clock.ticket_id
        and reply_waits.ended_at = ended_clock.instant
        and ended_clock.is_in_force
