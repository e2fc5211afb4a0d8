with happened as (
    select
        'ticket' as entity,
        account,
        created_at as happened_at
    from source.ticket
    union all
    select
        'message' as entity,
        account,
        sent_at as happened_at
    from source.message
    union all
    select
        'ticket_event' as entity,
        account,
        changed_at as happened_at
    from source.ticket_event
    union all
    select
        'survey_response' as entity,
        account,
        responded_at as happened_at
    from source.survey_response
    union all
    select
        'call' as entity,
        account,
        offered_at as happened_at
    from source.call
)

select
    entity,
    account,
    cast(happened_at as date) as day,
    count(*) as records_count
from happened
where
    happened_at >= :since
    and happened_at < :until
group by
    entity,
    account,
    cast(happened_at as date)
