select
    kpis.kpi,
    kpis.day,
    cast(sum(kpis.numerator) as double) as numerator,
    cast(coalesce(sum(kpis.denominator), 0) as double) as denominator
from marts.kpi_daily as kpis
inner join ops.reporting_zone as zone
    on
        zone.is_main
        and kpis.time_zone = zone.time_zone
where kpis.day > :since
group by
    kpis.kpi,
    kpis.day
order by
    kpis.kpi,
    kpis.day
