-- One row for each team and day of the next 28: the mean of the last eight same weekdays without
-- special days. It is the simplest forecast, which the published one has to beat.
with weekday_history as (
    select
        volume.account,
        volume.team_id,
        volume.team,
        volume.day,
        calendar.weekday,
        volume.created_count,
        row_number()
            over (
                partition by volume.account, volume.team_id, calendar.weekday
                order by volume.day desc
            )
            as newest
    from marts.ticket_volume_daily as volume
    join staging.known_day as calendar on volume.day = calendar.day
    left join core.dim_special_day as special_day
        on volume.account = special_day.account and volume.day = special_day.day
    where special_day.day is null
),

weekday_means as (
    select
        account,
        team_id,
        max(team) as team,
        weekday,
        count(*) as weeks_count,
        cast(sum(created_count) as double) / count(*) as expected_tickets
    from weekday_history
    where newest <= 8
    group by account, team_id, weekday
)

select
    weekday_means.account,
    weekday_means.team_id,
    weekday_means.team,
    calendar.day,
    weekday_means.weeks_count,
    weekday_means.expected_tickets
from weekday_means
join ops.reporting_zone as zone on zone.is_main
join staging.known_day as calendar
    on weekday_means.weekday = calendar.weekday
        and zone.last_day < calendar.day
        and calendar.day <= zone.last_day + interval 28 day
