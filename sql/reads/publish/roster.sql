with days as (
    select
        account,
        team,
        day,
        max(headcount) as headcount,
        sum(paid_hours) as paid_hours,
        max(required_hours) as needed_hours,
        max(understaffed_hours) as missing_hours,
        max(overstaffed_hours) as over_hours
    from marts.staffing_roster_daily
    where day <= :until
    group by
        account,
        team,
        day
)

select
    account,
    team,
    count(*) as days_count,
    max(headcount) as headcount,
    sum(paid_hours) as paid_hours,
    sum(needed_hours) as needed_hours,
    sum(missing_hours) as missing_hours,
    sum(over_hours) as over_hours
from days
group by
    account,
    team
order by
    account,
    team
