with booked as (
    select min(posted_on) as booked_on
    from source.cost_entry
    union all
    select min(month_on) as booked_on
    from source.budget_line
)

select min(booked_on) as booked_on
from booked
