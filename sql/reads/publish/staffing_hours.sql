with pieces as (
    select
        account,
        team,
        day,
        local_minute,
        sum(planned_contacts) as contacts,
        sum(scheduled_headcount) as headcount
    from marts.staffing_requirement_interval
    where day <= :until
    group by
        account,
        team,
        day,
        local_minute
)

select
    account,
    team,
    cast(floor(local_minute / 60.0) as bigint) as local_hour,
    sum(contacts) / 7 as contacts,
    max(headcount) as headcount
from pieces
group by
    account,
    team,
    cast(floor(local_minute / 60.0) as bigint)
having max(headcount) > 0
order by
    account,
    team,
    cast(floor(local_minute / 60.0) as bigint)
