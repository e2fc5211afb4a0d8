select
    w.day,
    z.time_zone,
    w.account,
    cast(null as varchar) as team_id,
    'none' as channel,
    'none' as priority,
    w.users_count as numerator,
    0 as denominator
from core.fct_help_centre_day as w cross join ops.reporting_zone as z
union all
select
    cast(t.created_at at time zone z.time_zone as date),
    z.time_zone,
    s.account,
    null,
    'none',
    'none',
    0,
    count(distinct t.account || '/' || t.requester_id)
from core.dim_help_centre as s
cross join core.fct_ticket as t
cross join ops.reporting_zone as z
where not t.is_excluded and t.requester_id is not null
group by cast(t.created_at at time zone z.time_zone as date), z.time_zone, s.account
