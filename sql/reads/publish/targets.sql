select
    targets.account,
    targets.team,
    targets.kpi,
    cast(sum(targets.numerator) as double) as numerator,
    cast(coalesce(sum(targets.denominator), 0) as double) as denominator,
    max(targets.target) as target,
    cast(sum(case when targets.is_met then 1 else 0 end) as bigint) as days_met,
    count(targets.is_met) as days_known
from marts.kpi_target_daily as targets
inner join ops.reporting_zone as zone
    on
        zone.is_main
        and targets.time_zone = zone.time_zone
where targets.day > :since
group by
    targets.account,
    targets.team,
    targets.kpi
order by
    targets.account,
    targets.team,
    targets.kpi
