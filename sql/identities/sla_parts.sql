-- Every settled SLA clock is either achieved or breached, and is counted once.
with kpi_totals as (
    select
        time_zone,
        account,
        sum(denominator) as amount
    from marts.kpi_daily
    where kpi = 'sla_attainment'
    group by time_zone, account
),

sla_totals as (
    select
        time_zone,
        account,
        cast(sum(achieved_count + breached_count) as double) as amount
    from marts.sla_daily
    group by time_zone, account
)

select
    coalesce(kpi_totals.time_zone, sla_totals.time_zone)
    || ' '
    || coalesce(kpi_totals.account, sla_totals.account) as place,
    coalesce(kpi_totals.amount, 0) as found,
    coalesce(sla_totals.amount, 0) as expected
from kpi_totals
full join sla_totals
    on kpi_totals.time_zone = sla_totals.time_zone and kpi_totals.account = sla_totals.account
where coalesce(kpi_totals.amount, 0) <> coalesce(sla_totals.amount, 0)
