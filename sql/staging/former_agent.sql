-- One row for each author who is no agent today and was one: who has held a ticket, or has written
-- private notes and never asked for anything. Where the vendor reports no role with a message, only
-- such traces tell who wrote as an agent before they left.
with traces as (
    select
        account,
        to_value as agent_id
    from source.ticket_event
    where field = 'assignee' and to_value is not null
    union
    select
        account,
        from_value
    from source.ticket_event
    where field = 'assignee' and from_value is not null
    union
    select
        message.account,
        message.author_id
    from source.message as message
    left join source.ticket as own_ticket
        on message.account = own_ticket.account and message.author_id = own_ticket.requester_id
    where message.author_role is null
        and message.author_id is not null
        and not message.is_public
        and own_ticket.ticket_id is null
),

present_agents as (
    select
        account,
        agent_id
    from staging.agent
    union
    select
        account,
        login
    from staging.agent
    where login is not null
)

select
    traces.account,
    traces.agent_id
from traces
left join present_agents
    on traces.account = present_agents.account and traces.agent_id = present_agents.agent_id
where present_agents.agent_id is null
