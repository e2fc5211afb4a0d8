select
    centre_day.day,
    zone.time_zone,
    centre_day.account,
    cast(null as varchar) as team_id,
    'none' as channel,
    'none' as priority,
    centre_day.users_count as numerator,
    0 as denominator
from core.fct_help_centre_day as centre_day cross join ops.reporting_zone as zone
union all
select
    cast(ticket.created_at at time zone zone.time_zone as date),
    zone.time_zone,
    help_centre.account,
    null,
    'none',
    'none',
    0,
    count(distinct ticket.account || '/' || ticket.requester_id)
from core.dim_help_centre as help_centre
cross join core.fct_ticket as ticket
cross join ops.reporting_zone as zone
where not ticket.is_excluded and ticket.requester_id is not null
group by
    cast(ticket.created_at at time zone zone.time_zone as date), zone.time_zone, help_centre.account
