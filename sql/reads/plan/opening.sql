select
    segments.account,
    segments.utc_day,
    segments.from_second,
    segments.to_second
from core.business_segment as segments
inner join ops.reporting_zone as zone on zone.is_main
where
    segments.is_default
    and segments.is_open
    and segments.utc_day >= zone.last_day
order by
    segments.account,
    segments.utc_day,
    segments.from_second
