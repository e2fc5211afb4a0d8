select
    account,
    team,
    metric,
    risk,
    count(*) as clocks,
    cast(min(left_seconds_as_of) as double) / 60.0 as least_left_minutes,
    cast(max(breach_age_seconds_as_of) as double) / 60.0 as most_beyond_minutes
from marts.sla_running
group by
    account,
    team,
    metric,
    risk
order by
    account,
    team,
    metric,
    risk
