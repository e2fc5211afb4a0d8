with happened as (
    select min(created_at) as happened_at
    from source.ticket
    union all
    select min(changed_at) as happened_at
    from source.ticket_event
    union all
    select min(responded_at) as happened_at
    from source.survey_response
    union all
    select min(sent_at) as happened_at
    from source.survey_invitation
)

select min(happened_at) as happened_at
from happened
where happened_at >= timestamptz '1990-01-01 00:00:00+00'
