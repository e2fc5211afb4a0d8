-- Every settled SLA clock is either achieved or breached, and is counted once.
with told as (
    select
        time_zone,
        account,
        sum(denominator) as amount
    from marts.kpi_daily
    where kpi = 'sla_attainment'
    group by time_zone, account
),

counted as (
    select
        time_zone,
        account,
        cast(sum(achieved_count + breached_count) as double) as amount
    from marts.sla_daily
    group by time_zone, account
)

select
    coalesce(t.time_zone, c.time_zone) || ' ' || coalesce(t.account, c.account) as place,
    coalesce(t.amount, 0) as found,
    coalesce(c.amount, 0) as expected
from told as t full join counted as c on t.time_zone = c.time_zone and t.account = c.account
where coalesce(t.amount, 0) <> coalesce(c.amount, 0)
