select
    month_on,
    team,
    cast(sum(contacts) as double) as contacts,
    cast(max(handle_minutes) as double) as handle_minutes
from source.headcount_plan
where month_on <= :until
group by
    month_on,
    team
