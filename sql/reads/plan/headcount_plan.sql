select
    team,
    month_on,
    cast(sum(fte) as double) as fte,
    cast(max(handle_minutes) as double) as handle_minutes,
    cast(sum(contacts) as double) as contacts
from source.headcount_plan
group by
    team,
    month_on
