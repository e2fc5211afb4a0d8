-- One row for each schedule, with its open seconds up to the run's as-of instant, for running
-- clocks.
select
    segment.account,
    segment.schedule_id,
    zone.as_of,
    segment.open_before
    + case
        when segment.is_open
            then cast(floor(epoch(zone.as_of)) as bigint) % 86400 - segment.from_second
        else 0
    end as open_seconds
from core.business_segment as segment
join ops.reporting_zone as zone
    on zone.is_main and segment.utc_day = cast(zone.as_of as date)
        and segment.from_second <= cast(floor(epoch(zone.as_of)) as bigint) % 86400
        and cast(floor(epoch(zone.as_of)) as bigint) % 86400 < segment.to_second
