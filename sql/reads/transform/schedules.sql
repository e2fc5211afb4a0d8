select
    account,
    schedule_id,
    time_zone,
    starts_minute,
    ends_minute,
    coalesce(is_default, false) as is_default,
    position,
    name
from source.business_schedule
order by
    account,
    schedule_id,
    starts_minute
