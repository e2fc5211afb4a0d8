-- Every raw status that was seen, and the category it stands for: what the account itself says wins
-- over the map.
with seen as (
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
    s.account,
    s.status_id,
    coalesce(d.label, s.status_id) as label,
    coalesce(
        d.category, own.unified, every.unified, labelled.unified, labelled_every.unified, 'other'
    ) as category
from seen as s
left join source.ticket_status as d on s.account = d.account and s.status_id = d.status_id
left join staging.value_map as own
    on own.kind = 'status' and s.connector = own.connector and own.raw = lower(s.status_id)
left join staging.value_map as every
    on every.kind = 'status' and every.connector = '*' and every.raw = lower(s.status_id)
left join staging.value_map as labelled
    on labelled.kind = 'status'
        and s.connector = labelled.connector
        and labelled.raw = lower(d.label)
left join staging.value_map as labelled_every
    on labelled_every.kind = 'status'
        and labelled_every.connector = '*'
        and labelled_every.raw = lower(d.label)
