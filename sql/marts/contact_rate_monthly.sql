with months as (
    select distinct d.month_starts_on
    from core.dim_date as d
    join ops.reporting_zone as p on p.is_main and d.day <= p.last_day
),

known as (
    select
        m.month_starts_on,
        c.account,
        count(*) as customers_count
    from months as m
    join core.dim_date as e
        on e.day_of_month = 1 and m.month_starts_on < e.day and e.day <= m.month_starts_on + 31
    join core.dim_customer as c on c.created_at is null or cast(c.created_at as date) < e.day
    group by m.month_starts_on, c.account
),

opened as (
    select
        d.month_starts_on,
        t.account,
        count(*) as tickets_count
    from core.fct_ticket as t
    join core.dim_date as d on t.created_on = d.day
    where not t.is_excluded
    group by d.month_starts_on, t.account
)

select
    k.month_starts_on,
    k.account,
    coalesce(o.tickets_count, 0) as tickets_count,
    k.customers_count,
    cast(coalesce(o.tickets_count, 0) as double) / k.customers_count as contact_rate
from known as k
left join opened as o on k.month_starts_on = o.month_starts_on and k.account = o.account
