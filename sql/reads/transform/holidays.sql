select
    account,
    schedule_id,
    first_on,
    last_on,
    from_minute,
    to_minute,
    coalesce(is_open, false) as is_open,
    name
from source.holiday
order by
    account,
    schedule_id,
    first_on,
    last_on,
    from_minute,
    to_minute
