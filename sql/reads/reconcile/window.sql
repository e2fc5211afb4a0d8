with records as (
    select
        'ticket' as entity,
        account,
        loaded_stream,
        version_at,
        ticket_id as record_id
    from source.ticket
    union all
    select
        'customer' as entity,
        account,
        loaded_stream,
        version_at,
        customer_id as record_id
    from source.customer
    union all
    select
        'organization' as entity,
        account,
        loaded_stream,
        version_at,
        organization_id as record_id
    from source.organization
    union all
    select
        'survey_response' as entity,
        account,
        loaded_stream,
        version_at,
        response_id as record_id
    from source.survey_response
)

select
    records.record_id,
    tombstone.record_id is not null as is_deleted
from records
left join source.tombstone
    on records.account = tombstone.account
        and records.entity = tombstone.entity
        and records.record_id = tombstone.record_id
where
    records.entity = :entity
    and records.account = :account
    and records.loaded_stream = :stream
    and records.version_at >= :since
    and records.version_at < :until
