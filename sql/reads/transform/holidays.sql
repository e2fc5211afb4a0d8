select
    account,
    schedule_id,
    first_on,
    last_on
from source.holiday
order by
    account,
    schedule_id,
    first_on,
    last_on
