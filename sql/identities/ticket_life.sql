-- The statuses of a ticket follow one another without gap or overlap: their seconds are the seconds from first to last.
with lives as (
    select account, ticket_id, sum(seconds_recorded) as found, min(starts_at) as first_at, max(starts_at) as last_at
    from core.fct_status_interval group by account, ticket_id
)
select account || ' ' || ticket_id as place, coalesce(found, 0) as found, date_diff('second', first_at, last_at) as expected
from lives where coalesce(found, 0) <> date_diff('second', first_at, last_at)
