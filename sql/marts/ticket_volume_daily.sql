-- One row for each team and day since its first ticket, for plots and forecasts.
with team_starts as (
    select
        account,
        team_id,
        min(created_on) as first_day
    from core.fct_ticket
    where not is_excluded and team_id is not null
    group by account, team_id
),

created_tickets as (
    select
        account,
        team_id,
        created_on as day,
        count(*) as created_count
    from core.fct_ticket
    where not is_excluded and team_id is not null
    group by account, team_id, created_on
),

solved_tickets as (
    select
        account,
        team_id,
        solved_on as day,
        count(*) as solved_count
    from core.fct_ticket
    where not is_excluded and team_id is not null and solved_on is not null
    group by account, team_id, solved_on
)

select
    calendar.day,
    team_starts.account,
    team_starts.team_id,
    team.name as team,
    calendar.is_workday,
    coalesce(created_tickets.created_count, 0) as created_count,
    coalesce(solved_tickets.solved_count, 0) as solved_count
from team_starts
join ops.reporting_zone as zone on zone.is_main
join staging.known_day as calendar
    on team_starts.first_day <= calendar.day and zone.last_day >= calendar.day
left join created_tickets
    on team_starts.account = created_tickets.account
        and team_starts.team_id = created_tickets.team_id
        and calendar.day = created_tickets.day
left join solved_tickets
    on team_starts.account = solved_tickets.account
        and team_starts.team_id = solved_tickets.team_id
        and calendar.day = solved_tickets.day
left join staging.known_team as team
    on team_starts.account = team.account and team_starts.team_id = team.team_id
