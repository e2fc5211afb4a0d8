-- One row for each ticket, with links, unified values and the reason for an exclusion. Deleted
-- tickets are left out, whether or not they were loaded before. A tombstone older than the ticket's
-- state means that the ticket was restored.
with merged_tickets as (
    select
        account,
        ticket_id,
        min(linked_id) as merged_into_id
    from source.ticket_link
    where kind = 'merged_into'
    group by account, ticket_id
),

linked_organizations as (
    select
        account,
        ticket_id,
        min(linked_id) as organization_id
    from source.ticket_link
    where kind = 'organization'
    group by account, ticket_id
),

linked_customers as (
    select
        account,
        ticket_id,
        min(linked_id) as customer_id
    from source.ticket_link
    where kind = 'customer'
    group by account, ticket_id
),

-- Where a ticket names one owner, agent or team (Salesforce), its team is the last one in history.
team_changes as (
    select
        event.account,
        event.ticket_id,
        event.to_value as team_id,
        row_number()
            over (
                partition by event.account, event.ticket_id
                order by
                    event.changed_at desc, coalesce(event.sequence, 0) desc, event.event_id desc
            )
            as from_last
    from source.ticket as ticket
    join source.ticket_event as event
        on ticket.account = event.account
            and ticket.ticket_id = event.ticket_id
            and event.field = 'team'
    where ticket.team_id is null
),

live_tickets as (
    select
        ticket.account,
        ticket.connector,
        ticket.ticket_id,
        ticket.number,
        ticket.subject,
        ticket.status,
        coalesce(status_category.category, 'other') as status_category,
        ticket.priority as raw_priority,
        ticket.type,
        ticket.channel as raw_channel,
        coalesce(linked_customers.customer_id, ticket.requester_id) as requester_id,
        coalesce(linked_organizations.organization_id, ticket.organization_id) as organization_id,
        ticket.assignee_id,
        coalesce(team.counts_as_id, ticket.team_id, team_changes.team_id) as team_id,
        coalesce(ticket.team_id, team_changes.team_id) as vendor_team_id,
        ticket.created_by_id,
        ticket.created_at,
        ticket.solved_at,
        ticket.closed_at,
        ticket.schedule_id,
        coalesce(ticket.merged_into_id, merged_tickets.merged_into_id) as merged_into_id,
        coalesce(ticket.is_merged, false)
        or ticket.merged_into_id is not null
        or merged_tickets.merged_into_id is not null as is_merged,
        ticket.vendor_reopens_count,
        ticket.vendor_reassignments_count,
        ticket.vendor_made_sla,
        ticket.vendor_first_reply_minutes,
        ticket.vendor_first_reply_business_minutes,
        ticket.vendor_full_resolution_minutes
    from source.ticket as ticket
    left join staging.status_category as status_category
        on ticket.account = status_category.account and ticket.status = status_category.status_id
    left join merged_tickets
        on ticket.account = merged_tickets.account and ticket.ticket_id = merged_tickets.ticket_id
    left join linked_organizations
        on ticket.account = linked_organizations.account
            and ticket.ticket_id = linked_organizations.ticket_id
    left join linked_customers
        on ticket.account = linked_customers.account
            and ticket.ticket_id = linked_customers.ticket_id
    left join team_changes
        on ticket.account = team_changes.account
            and ticket.ticket_id = team_changes.ticket_id
            and team_changes.from_last = 1
    left join staging.team as team
        on ticket.account = team.account
            and coalesce(ticket.team_id, team_changes.team_id) = team.team_id
    left join source.tombstone as tombstone
        on ticket.account = tombstone.account
            and tombstone.entity = 'ticket'
            and ticket.ticket_id = tombstone.record_id
            and tombstone.deleted_at >= coalesce(ticket.version_at, tombstone.deleted_at)
    where tombstone.record_id is null
)

select
    live_tickets.account,
    live_tickets.connector,
    live_tickets.ticket_id,
    live_tickets.number,
    live_tickets.subject,
    live_tickets.status,
    live_tickets.status_category,
    coalesce(
        priority.meaning, case when live_tickets.raw_priority is null then 'none' else 'other' end
    ) as priority,
    live_tickets.raw_priority,
    live_tickets.type,
    coalesce(channel.meaning, 'other') as channel,
    live_tickets.raw_channel,
    live_tickets.requester_id,
    live_tickets.organization_id,
    live_tickets.assignee_id,
    live_tickets.team_id,
    live_tickets.vendor_team_id,
    live_tickets.created_by_id,
    live_tickets.created_at,
    live_tickets.solved_at,
    live_tickets.closed_at,
    live_tickets.schedule_id,
    live_tickets.merged_into_id,
    live_tickets.is_merged,
    case
        when live_tickets.is_merged then 'merged'
        when channel.meaning = 'sample' then 'sample'
    end as excluded_because,
    live_tickets.vendor_reopens_count,
    live_tickets.vendor_reassignments_count,
    live_tickets.vendor_made_sla,
    live_tickets.vendor_first_reply_minutes,
    live_tickets.vendor_first_reply_business_minutes,
    live_tickets.vendor_full_resolution_minutes
from live_tickets
left join staging.account_value as priority
    on priority.kind = 'priority'
        and live_tickets.account = priority.account
        and live_tickets.raw_priority = priority.value
left join staging.account_value as channel
    on channel.kind = 'channel'
        and live_tickets.account = channel.account
        and live_tickets.raw_channel = channel.value
