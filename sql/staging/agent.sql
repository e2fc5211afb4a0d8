-- Vendors without roles (ServiceNow) list every user; those count as agents who belong to a team or
-- ever held a ticket.
with holders as (
    select
        account,
        to_value as agent_id
    from source.ticket_event
    where field = 'assignee' and to_value is not null
    union
    select
        account,
        assignee_id
    from source.ticket
    where assignee_id is not null
    union
    select
        account,
        agent_id
    from source.team_membership
),

main_team as (
    select
        account,
        agent_id,
        min(team_id) as team_id
    from source.team_membership
    group by account, agent_id
)

select
    a.account,
    a.agent_id,
    a.login,
    a.name,
    a.role,
    coalesce(a.is_active, true) as is_active,
    t.team_id,
    a.created_at
from source.agent as a
left join holders as h on a.account = h.account and a.agent_id = h.agent_id
left join main_team as t on a.account = t.account and a.agent_id = t.agent_id
where a.role is not null or h.agent_id is not null
