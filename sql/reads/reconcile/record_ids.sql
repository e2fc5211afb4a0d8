with records as (
    select
        'ticket' as entity,
        account,
        ticket_id as record_id
    from source.ticket
    union all
    select
        'customer' as entity,
        account,
        customer_id as record_id
    from source.customer
    union all
    select
        'organization' as entity,
        account,
        organization_id as record_id
    from source.organization
    union all
    select
        'survey_response' as entity,
        account,
        response_id as record_id
    from source.survey_response
    where not coalesce(is_history, false) and not coalesce(is_former, false)
)

select record_id
from records
where
    entity = :entity
    and account = :account
