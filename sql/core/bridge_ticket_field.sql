-- One row for each ticket, chosen field and value, as the ticket is now. A field of the customer or
-- the organization goes with their tickets. Every ticket of an account has a row for each field
-- that the account's settings choose; a field with several values has one row for each of them.
-- Every ticket has the standard slices of the settings (organization, country, the agent's zone).
-- Values have their names of staging.account_value; one that it does not list stays as it is.
with ticket_values as (
    select
        ticket.account,
        ticket.ticket_id,
        chosen.name,
        chosen.is_slice,
        coalesce(chosen.kind = 'many', false) as is_many,
        nullif(field.value, '[]') as value
    from ops.account_field as chosen
    join staging.ticket as ticket on chosen.account = ticket.account
    left join source.ticket_field as field
        on ticket.account = field.account
            and ticket.ticket_id = field.ticket_id
            and chosen.field_id = field.field_id
    where chosen.record_type = 'ticket'
    union all
    select
        ticket.account,
        ticket.ticket_id,
        chosen.name,
        chosen.is_slice,
        coalesce(chosen.kind = 'many', false),
        nullif(field.value, '[]')
    from ops.account_field as chosen
    join staging.ticket as ticket on chosen.account = ticket.account
    left join source.customer_field as field
        on ticket.account = field.account
            and ticket.requester_id = field.customer_id
            and chosen.field_id = field.field_id
    where chosen.record_type = 'customer'
    union all
    select
        ticket.account,
        ticket.ticket_id,
        chosen.name,
        chosen.is_slice,
        coalesce(chosen.kind = 'many', false),
        nullif(field.value, '[]')
    from ops.account_field as chosen
    join staging.ticket as ticket on chosen.account = ticket.account
    left join source.organization_field as field
        on ticket.account = field.account
            and ticket.organization_id = field.organization_id
            and chosen.field_id = field.field_id
    where chosen.record_type = 'organization'
    union all
    select
        ticket.account,
        ticket.ticket_id,
        standard.name,
        true,
        false,
        case standard.name
            when 'organization' then organization.name
            when 'organization_country' then organization.country
            when 'agent_time_zone' then agent.time_zone
        end
    from ops.standard_slice as standard
    cross join staging.ticket as ticket
    left join source.organization as organization
        on ticket.account = organization.account
            and ticket.organization_id = organization.organization_id
    left join source.agent as agent
        on ticket.account = agent.account
            and ticket.assignee_id = agent.agent_id
),

single_values as (
    select
        account,
        ticket_id,
        name,
        is_slice,
        is_many,
        value
    from ticket_values
    where not is_many or value is null or value not like '[%'
),

listed_values as (
    select
        account,
        ticket_id,
        name,
        is_slice,
        is_many,
        unnest(from_json(value, '["VARCHAR"]')) as value
    from ticket_values
    where is_many and value like '[%'
)

select
    single_values.account,
    single_values.ticket_id,
    single_values.name,
    coalesce(listed.meaning, mapped.meaning, single_values.value, 'none') as value,
    single_values.is_slice,
    single_values.is_many
from single_values
left join staging.account_value as listed
    on single_values.account = listed.account
        and listed.kind = 'field:' || single_values.name
        and single_values.value = listed.value
left join staging.account_value as mapped
    on single_values.account = mapped.account
        and mapped.kind = 'field:' || single_values.name
        and mapped.value = lower(single_values.value)
        and mapped.decided_by = 'setting'
union all
select distinct  -- two values may have one name
    listed_values.account,
    listed_values.ticket_id,
    listed_values.name,
    coalesce(listed.meaning, mapped.meaning, listed_values.value),
    listed_values.is_slice,
    listed_values.is_many
from listed_values
left join staging.account_value as listed
    on listed_values.account = listed.account
        and listed.kind = 'field:' || listed_values.name
        and listed_values.value = listed.value
left join staging.account_value as mapped
    on listed_values.account = mapped.account
        and mapped.kind = 'field:' || listed_values.name
        and mapped.value = lower(listed_values.value)
        and mapped.decided_by = 'setting'
