-- Open seconds of every schedule up to the run's as-of instant, for clocks that still run.
select
    b.account,
    b.schedule_id,
    p.as_of,
    b.open_before
    + case
        when b.is_open then cast(floor(epoch(p.as_of)) as bigint) % 86400 - b.from_second
        else 0
    end as open_seconds
from core.business_segment as b
join ops.reporting_zone as p
    on p.is_main and b.utc_day = cast(p.as_of as date)
        and b.from_second <= cast(floor(epoch(p.as_of)) as bigint) % 86400
        and cast(floor(epoch(p.as_of)) as bigint) % 86400 < b.to_second
