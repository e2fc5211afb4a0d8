-- A ticket's statuses follow one another without a gap or an overlap.
with status_totals as (
    select
        account,
        ticket_id,
        sum(seconds_recorded) as found,
        min(starts_at) as first_at,
        max(starts_at) as last_at
    from core.fct_status_interval
    group by account, ticket_id
)

select
    account || ' ' || ticket_id as place,
    coalesce(found, 0) as found,
    date_diff('second', first_at, last_at) as expected
from status_totals
where coalesce(found, 0) <> date_diff('second', first_at, last_at)
