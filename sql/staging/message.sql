-- Messages of tickets that are there, with the author's role: what the vendor says, else agent if
-- the author is on today's agent list, else customer. The opening message is the first one, if sent
-- no later than the ticket's creation.
with agent_keys as (
    select
        account,
        agent_id as author,
        min(agent_id) as agent_id,
        min(role) as role
    from staging.agent
    group by account, agent_id
    union
    select
        a.account,
        a.login,
        min(a.agent_id),
        min(a.role)
    from staging.agent as a
    where a.login is not null and a.login <> a.agent_id
    group by a.account, a.login
),

one_key as (
    select
        account,
        author,
        min(agent_id) as agent_id,
        min(role) as role
    from agent_keys
    group by account, author
),

placed as (
    select
        m.account,
        m.message_id,
        m.ticket_id,
        m.sent_at,
        m.author_id,
        m.is_public,
        k.agent_id,
        coalesce(
            m.author_role,
            case
                when k.author is null then 'customer'
                when lower(k.role) like '%bot%' then 'bot'
                else 'agent'
            end
        ) as author_role,
        m.author_role is null as is_role_of_today,
        row_number() over (
            partition by m.account, m.ticket_id
            order by m.sent_at, coalesce(m.sequence, 0), m.message_id
        ) as position
    from source.message as m
    left join one_key as k on m.account = k.account and m.author_id = k.author
)

select
    m.account,
    m.message_id,
    m.ticket_id,
    m.position,
    m.sent_at,
    m.author_id,
    case when m.author_role = 'agent' then coalesce(m.agent_id, m.author_id) end as agent_id,
    t.excluded_because is not null as is_excluded,
    m.author_role,
    m.is_role_of_today,
    b.value is not null as is_listed_bot,
    m.is_public,
    m.position = 1 and m.sent_at <= t.created_at as is_opening,
    m.is_public
    and m.author_role = 'agent'
    and not (m.position = 1 and m.sent_at <= t.created_at) as is_reply,
    sum(
        case
            when m.is_public
                and m.author_role = 'agent'
                and not (m.position = 1 and m.sent_at <= t.created_at)
                then 1
            else 0
        end
    ) over (
        partition by m.account, m.ticket_id
        order by m.position rows between unbounded preceding and current row
    ) as replies_so_far
from placed as m
join staging.ticket as t on m.account = t.account and m.ticket_id = t.ticket_id
left join ops.account_mark as b
    on m.account = b.account and b.kind = 'bot' and m.author_id = b.value
