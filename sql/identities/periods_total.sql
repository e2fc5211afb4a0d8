-- Weekly and monthly figures that are counted equal the sum of their days.
with daily as (
    select
        d.kpi,
        d.time_zone,
        d.account,
        sum(d.denominator) as amount
    from marts.kpi_daily as d
    join core.dim_kpi as k on d.kpi = k.kpi
    where k.shape in ('count', 'ratio', 'mean')
    group by d.kpi, d.time_zone, d.account
),

periods as (
    select
        'week' as period,
        kpi,
        time_zone,
        account,
        sum(denominator) as amount
    from marts.kpi_weekly
    group by kpi, time_zone, account
    union all
    select
        'month',
        kpi,
        time_zone,
        account,
        sum(denominator)
    from marts.kpi_monthly
    group by kpi, time_zone, account
)

select
    p.period || ' ' || d.kpi || ' ' || d.time_zone || ' ' || d.account as place,
    p.amount as found,
    d.amount as expected
from daily as d
join periods as p on d.kpi = p.kpi and d.time_zone = p.time_zone and d.account = p.account
where p.amount <> d.amount
