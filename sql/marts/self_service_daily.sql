with asking as (
    select
        created_on as day,
        count(distinct account || '/' || requester_id) as ticket_users_count,
        count(*) as tickets_count
    from core.fct_ticket
    where not is_excluded
    group by created_on
)

select
    h.day,
    h.account,
    h.sessions_count,
    h.users_count,
    h.article_views_count,
    h.helpful_count,
    h.unhelpful_count,
    coalesce(a.ticket_users_count, 0) as ticket_users_count,
    coalesce(a.tickets_count, 0) as tickets_count,
    case
        when coalesce(a.ticket_users_count, 0) = 0 then null
        else cast(h.users_count as double) / a.ticket_users_count
    end as self_service_ratio
from core.fct_help_centre_day as h
left join asking as a on h.day = a.day
