-- Weekly and monthly figures that are counted equal the sum of their days.
with daily_totals as (
    select
        kpi_day.kpi,
        kpi_day.time_zone,
        kpi_day.account,
        sum(coalesce(kpi_day.denominator, kpi_day.numerator)) as amount
    from marts.kpi_daily as kpi_day
    join core.dim_kpi as kpi on kpi_day.kpi = kpi.kpi
    where kpi.shape in ('count', 'ratio', 'mean')
    group by kpi_day.kpi, kpi_day.time_zone, kpi_day.account
),

period_totals as (
    select
        'week' as period,
        kpi,
        time_zone,
        account,
        sum(coalesce(denominator, numerator)) as amount
    from marts.kpi_weekly
    group by kpi, time_zone, account
    union all
    select
        'month',
        kpi,
        time_zone,
        account,
        sum(coalesce(denominator, numerator))
    from marts.kpi_monthly
    group by kpi, time_zone, account
)

select
    period_totals.period
    || ' '
    || daily_totals.kpi
    || ' '
    || daily_totals.time_zone
    || ' '
    || daily_totals.account as place,
    period_totals.amount as found,
    daily_totals.amount as expected
from daily_totals
join period_totals
    on daily_totals.kpi = period_totals.kpi
        and daily_totals.time_zone = period_totals.time_zone
        and daily_totals.account = period_totals.account
where period_totals.amount <> daily_totals.amount
