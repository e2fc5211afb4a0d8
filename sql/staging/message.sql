-- Messages with the author's role: what the vendor says, else agent if the author is on the agent list, else customer.
with agent_keys as (
    select account, agent_id as author, min(role) as role from staging.agent group by account, agent_id
    union
    select a.account, a.login, min(a.role) from staging.agent as a
    where a.login is not null and a.login <> a.agent_id group by a.account, a.login
),
one_key as (
    select account, author, min(role) as role from agent_keys group by account, author
)
select
    m.account, m.message_id, m.ticket_id, m.sent_at, m.author_id,
    coalesce(
        m.author_role,
        case when k.author is null then 'customer' when lower(k.role) like '%bot%' then 'bot' else 'agent' end
    ) as author_role,
    m.is_public,
    row_number() over (
        partition by m.account, m.ticket_id order by m.sent_at, coalesce(m.sequence, 0), m.message_id
    ) as position
from source.message as m
left join one_key as k on k.account = m.account and k.author = m.author_id
