-- The field's best-known method, in SQL alone: the mean of the last eight same weekdays, special
-- days left out.
with history as (
    select
        v.account,
        v.team_id,
        v.team,
        v.day,
        d.weekday,
        v.created_count,
        row_number()
            over (partition by v.account, v.team_id, d.weekday order by v.day desc)
            as newest
    from marts.ticket_volume_daily as v
    join core.dim_date as d on v.day = d.day
    left join core.dim_special_day as s on v.account = s.account and v.day = s.day
    where s.day is null
),

means as (
    select
        account,
        team_id,
        max(team) as team,
        weekday,
        count(*) as weeks_count,
        cast(sum(created_count) as double) / count(*) as expected_tickets
    from history
    where newest <= 8
    group by account, team_id, weekday
)

select
    m.account,
    m.team_id,
    m.team,
    d.day,
    m.weeks_count,
    m.expected_tickets
from means as m
join ops.reporting_zone as p on p.is_main
join core.dim_date as d
    on m.weekday = d.weekday and p.last_day < d.day and d.day <= p.last_day + interval 28 day
