-- Tickets with links, unified values and the reason why one does not count. Deleted ones are left
-- out, so that it does not matter whether they were loaded before; a tombstone older than the
-- ticket's state is a restored ticket.
with merged as (
    select
        account,
        ticket_id,
        min(linked_id) as merged_into_id
    from source.ticket_link
    where kind = 'merged_into'
    group by account, ticket_id
),

organization as (
    select
        account,
        ticket_id,
        min(linked_id) as organization_id
    from source.ticket_link
    where kind = 'organization'
    group by account, ticket_id
),

customer as (
    select
        account,
        ticket_id,
        min(linked_id) as customer_id
    from source.ticket_link
    where kind = 'customer'
    group by account, ticket_id
),

-- where a ticket names its owner, agent or team (Salesforce), the team is the last one that history
-- tells
turns as (
    select
        e.account,
        e.ticket_id,
        e.to_value as team_id,
        row_number()
            over (
                partition by e.account, e.ticket_id
                order by e.changed_at desc, coalesce(e.sequence, 0) desc, e.event_id desc
            )
            as from_last
    from source.ticket as t
    join source.ticket_event as e
        on t.account = e.account and t.ticket_id = e.ticket_id and e.field = 'team'
    where t.team_id is null
),

joined as (
    select
        t.account,
        t.connector,
        t.ticket_id,
        t.number,
        t.subject,
        t.status,
        coalesce(s.category, 'other') as status_category,
        t.priority as raw_priority,
        t.type,
        t.channel as raw_channel,
        coalesce(c.customer_id, t.requester_id) as requester_id,
        coalesce(o.organization_id, t.organization_id) as organization_id,
        t.assignee_id,
        coalesce(t.team_id, h.team_id) as team_id,
        t.created_by_id,
        t.created_at,
        t.solved_at,
        t.closed_at,
        t.schedule_id,
        coalesce(t.merged_into_id, m.merged_into_id) as merged_into_id,
        coalesce(t.is_merged, false)
        or t.merged_into_id is not null
        or m.merged_into_id is not null as is_merged,
        t.vendor_reopens_count,
        t.vendor_reassignments_count,
        t.vendor_made_sla,
        t.vendor_first_reply_minutes,
        t.vendor_first_reply_business_minutes,
        t.vendor_full_resolution_minutes
    from source.ticket as t
    left join staging.status_category as s on t.account = s.account and t.status = s.status_id
    left join merged as m on t.account = m.account and t.ticket_id = m.ticket_id
    left join organization as o on t.account = o.account and t.ticket_id = o.ticket_id
    left join customer as c on t.account = c.account and t.ticket_id = c.ticket_id
    left join turns as h on t.account = h.account and t.ticket_id = h.ticket_id and h.from_last = 1
    left join source.tombstone as d
        on t.account = d.account and d.entity = 'ticket' and t.ticket_id = d.record_id
            and d.deleted_at >= coalesce(t.version_at, d.deleted_at)
    where d.record_id is null
)

select
    j.account,
    j.connector,
    j.ticket_id,
    j.number,
    j.subject,
    j.status,
    j.status_category,
    coalesce(
        po.unified, pe.unified, case when j.raw_priority is null then 'none' else 'other' end
    ) as priority,
    j.raw_priority,
    j.type,
    coalesce(co.unified, ce.unified, 'other') as channel,
    j.raw_channel,
    j.requester_id,
    j.organization_id,
    j.assignee_id,
    j.team_id,
    j.created_by_id,
    j.created_at,
    j.solved_at,
    j.closed_at,
    j.schedule_id,
    j.merged_into_id,
    j.is_merged,
    case when j.is_merged then 'merged' end as excluded_because,
    j.vendor_reopens_count,
    j.vendor_reassignments_count,
    j.vendor_made_sla,
    j.vendor_first_reply_minutes,
    j.vendor_first_reply_business_minutes,
    j.vendor_full_resolution_minutes
from joined as j
left join staging.value_map as po
    on po.kind = 'priority' and j.connector = po.connector and po.raw = lower(j.raw_priority)
left join staging.value_map as pe
    on pe.kind = 'priority' and pe.connector = '*' and pe.raw = lower(j.raw_priority)
left join staging.value_map as co
    on co.kind = 'channel' and j.connector = co.connector and co.raw = lower(j.raw_channel)
left join staging.value_map as ce
    on ce.kind = 'channel' and ce.connector = '*' and ce.raw = lower(j.raw_channel)
