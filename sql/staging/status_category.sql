-- One row for each raw status of an account with its category. The account's own definition wins
-- over the map.
with seen_statuses as (
    select
        connector,
        account,
        status as status_id
    from source.ticket
    union
    select
        connector,
        account,
        to_value
    from source.ticket_event
    where field = 'status' and to_value is not null
    union
    select
        connector,
        account,
        from_value
    from source.ticket_event
    where field = 'status' and from_value is not null
)

select
    seen_statuses.account,
    seen_statuses.status_id,
    coalesce(ticket_status.label, seen_statuses.status_id) as label,
    coalesce(
        ticket_status.category,
        own_mapping.unified,
        any_mapping.unified,
        own_label.unified,
        any_label.unified,
        'other'
    ) as category
from seen_statuses
left join source.ticket_status as ticket_status
    on seen_statuses.account = ticket_status.account
        and seen_statuses.status_id = ticket_status.status_id
left join staging.value_map as own_mapping
    on own_mapping.kind = 'status'
        and seen_statuses.connector = own_mapping.connector
        and own_mapping.raw = lower(seen_statuses.status_id)
left join staging.value_map as any_mapping
    on any_mapping.kind = 'status'
        and any_mapping.connector = '*'
        and any_mapping.raw = lower(seen_statuses.status_id)
left join staging.value_map as own_label
    on own_label.kind = 'status'
        and seen_statuses.connector = own_label.connector
        and own_label.raw = lower(ticket_status.label)
left join staging.value_map as any_label
    on any_label.kind = 'status'
        and any_label.connector = '*'
        and any_label.raw = lower(ticket_status.label)
