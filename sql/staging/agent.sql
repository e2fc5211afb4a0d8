-- One row for each agent. Vendors without roles (ServiceNow) list every user; there, a user counts
-- as an agent who belongs to a team or has held a ticket. An agent whom the same list has reported
-- as a customer since then is one no longer.
with ticket_holders as (
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

main_teams as (
    select
        membership.account,
        membership.agent_id,
        min(coalesce(team.counts_as_id, membership.team_id)) as team_id
    from source.team_membership as membership
    left join staging.team as team
        on membership.account = team.account and membership.team_id = team.team_id
    group by membership.account, membership.agent_id
)

select
    agent.account,
    agent.agent_id,
    agent.login,
    agent.name,
    agent.role,
    coalesce(agent.is_active, true) as is_active,
    main_teams.team_id,
    agent.created_at
from source.agent as agent
left join ticket_holders
    on agent.account = ticket_holders.account and agent.agent_id = ticket_holders.agent_id
left join main_teams on agent.account = main_teams.account and agent.agent_id = main_teams.agent_id
left join source.customer as customer
    on agent.account = customer.account
        and agent.agent_id = customer.customer_id
        and agent.loaded_stream = customer.loaded_stream
        and agent.version_at < customer.version_at
where customer.customer_id is null
    and (agent.role is not null or ticket_holders.agent_id is not null)
