-- One row for each person or bot who works on tickets, and for each other one that some row names,
-- so that every row has its agent. An agent who is not listed is inferred: nobody knows more of
-- them, or their record arrives later. 'none' stands for no agent.
with members as (
    select
        account,
        agent_id
    from staging.known_agent
    union
    select
        account,
        agent_id
    from every_mention
)

select
    members.account,
    members.agent_id,
    case
        when agent.agent_id is not null then agent.name
        when members.agent_id = 'none' then 'no agent'
        else 'agent ' || members.agent_id
    end as name,
    agent.role,
    agent.is_active,
    agent.team_id,
    agent.created_at,
    agent.agent_id is null as is_inferred
from members
left join staging.known_agent as agent
    on members.account = agent.account and members.agent_id = agent.agent_id
