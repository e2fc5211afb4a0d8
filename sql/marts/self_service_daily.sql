-- One row for each account and day: help centre use against the customers who opened a ticket.
with ticket_requesters as (
    select
        created_on as day,
        count(distinct account || '/' || requester_id) as ticket_users_count,
        count(*) as tickets_count
    from core.fct_ticket
    where not is_excluded
    group by created_on
)

select
    centre_day.day,
    centre_day.account,
    centre_day.sessions_count,
    centre_day.users_count,
    centre_day.article_views_count,
    centre_day.helpful_count,
    centre_day.unhelpful_count,
    coalesce(ticket_requesters.ticket_users_count, 0) as ticket_users_count,
    coalesce(ticket_requesters.tickets_count, 0) as tickets_count,
    case
        when coalesce(ticket_requesters.ticket_users_count, 0) = 0 then null
        else cast(centre_day.users_count as double) / ticket_requesters.ticket_users_count
    end as self_service_ratio
from core.fct_help_centre_day as centre_day
left join ticket_requesters on centre_day.day = ticket_requesters.day
