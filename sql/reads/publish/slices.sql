select
    slices.slice,
    slices.slice_value,
    slices.kpi,
    max(case when slices.is_many then 1 else 0 end) as is_many,
    cast(sum(slices.numerator) as double) as numerator,
    cast(coalesce(sum(slices.denominator), 0) as double) as denominator
from marts.kpi_slice_daily as slices
inner join ops.reporting_zone as zone
    on
        zone.is_main
        and slices.time_zone = zone.time_zone
where
    slices.day > :since
    and slices.day <= :until
    and slices.kpi in (
        'tickets_created', 'tickets_solved', 'first_reply_time', 'answered_within_8_hours',
        'full_resolution_time', 'reopen_rate', 'csat'
    )
group by
    slices.slice,
    slices.slice_value,
    slices.kpi
order by
    slices.slice,
    slices.slice_value,
    slices.kpi
