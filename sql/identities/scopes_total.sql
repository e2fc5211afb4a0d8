-- Tickets created and solved over all teams, channels and priorities match the fact table.
with told as (
    select
        kpi,
        time_zone,
        account,
        sum(numerator) as amount
    from marts.kpi_daily
    where kpi in ('tickets_created', 'tickets_solved')
    group by kpi, time_zone, account
),

moments as (
    select
        'tickets_created' as kpi,
        account,
        created_at as happened_at
    from core.fct_ticket
    where not is_excluded
    union all
    select
        'tickets_solved',
        account,
        solved_at
    from core.fct_ticket
    where not is_excluded and solved_at is not null
),

counted as (
    select
        m.kpi,
        z.time_zone,
        m.account,
        cast(count(*) as double) as amount
    from moments as m cross join ops.reporting_zone as z
    where cast(m.happened_at at time zone z.time_zone as date) <= z.last_day
    group by m.kpi, z.time_zone, m.account
)

select
    coalesce(t.kpi, c.kpi)
    || ' '
    || coalesce(t.time_zone, c.time_zone)
    || ' '
    || coalesce(t.account, c.account) as place,
    coalesce(t.amount, 0) as found,
    coalesce(c.amount, 0) as expected
from told as t
full join counted as c on t.kpi = c.kpi and t.time_zone = c.time_zone and t.account = c.account
where coalesce(t.amount, 0) <> coalesce(c.amount, 0)
