-- One row for each message of a present ticket, with the author's role. The role is the vendor's;
-- without one, an author on the present agent list is an agent, and so is a former agent except on
-- tickets of their own; anyone else is a customer. The opening message is the first one, if it was
-- sent no later than the ticket's creation.
--
-- Vendors name an author by id or by login.
with agent_authors as (
    select
        account,
        agent_id as author,
        min(agent_id) as agent_id,
        min(role) as role
    from staging.agent
    group by account, agent_id
    union
    select
        agent.account,
        agent.login,
        min(agent.agent_id),
        min(agent.role)
    from staging.agent as agent
    where agent.login is not null and agent.login <> agent.agent_id
    group by agent.account, agent.login
),

unique_authors as (
    select
        account,
        author,
        min(agent_id) as agent_id,
        min(role) as role
    from agent_authors
    group by account, author
),

ordered_messages as (
    select
        message.account,
        message.message_id,
        message.ticket_id,
        message.sent_at,
        message.author_id,
        message.is_public,
        unique_authors.agent_id,
        coalesce(
            message.author_role,
            case
                when unique_authors.author is null
                    and (
                        former_agent.agent_id is null
                        or own_ticket.requester_id = message.author_id
                    )
                    then 'customer'
                when lower(unique_authors.role) like '%bot%' then 'bot'
                else 'agent'
            end
        ) as author_role,
        message.author_role is null as is_role_of_today,
        row_number() over (
            partition by message.account, message.ticket_id
            order by message.sent_at, coalesce(message.sequence, 0), message.message_id
        ) as position
    from source.message as message
    left join unique_authors
        on message.account = unique_authors.account and message.author_id = unique_authors.author
    left join staging.former_agent as former_agent
        on message.account = former_agent.account and message.author_id = former_agent.agent_id
    left join staging.ticket as own_ticket
        on message.account = own_ticket.account and message.ticket_id = own_ticket.ticket_id
)

select
    ordered_messages.account,
    ordered_messages.message_id,
    ordered_messages.ticket_id,
    ordered_messages.position,
    ordered_messages.sent_at,
    ordered_messages.author_id,
    case
        when ordered_messages.author_role = 'agent'
            then coalesce(ordered_messages.agent_id, ordered_messages.author_id)
    end as agent_id,
    ticket.excluded_because is not null as is_excluded,
    ordered_messages.author_role,
    ordered_messages.is_role_of_today,
    mark.value is not null as is_listed_bot,
    ordered_messages.is_public,
    ordered_messages.position = 1 and ordered_messages.sent_at <= ticket.created_at as is_opening,
    ordered_messages.is_public
    and ordered_messages.author_role = 'agent'
    and not (ordered_messages.position = 1 and ordered_messages.sent_at <= ticket.created_at)
        as is_reply,
    sum(
        case
            when ordered_messages.is_public
                and ordered_messages.author_role = 'agent'
                and not (
                    ordered_messages.position = 1 and ordered_messages.sent_at <= ticket.created_at
                )
                then 1
            else 0
        end
    ) over (
        partition by ordered_messages.account, ordered_messages.ticket_id
        order by ordered_messages.position rows between unbounded preceding and current row
    ) as replies_so_far
from ordered_messages
join staging.ticket as ticket
    on ordered_messages.account = ticket.account and ordered_messages.ticket_id = ticket.ticket_id
left join ops.account_mark as mark
    on ordered_messages.account = mark.account
        and mark.kind = 'bot'
        and ordered_messages.author_id = mark.value
