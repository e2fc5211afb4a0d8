select
    days.month_starts_on as month_on,
    teams.name as team,
    count(*) as tickets,
    count(tickets.handle_seconds) as measured_tickets,
    cast(sum(tickets.handle_seconds) as double) as handle_seconds
from core.fct_ticket as tickets
inner join staging.known_day as days on tickets.solved_on = days.day
inner join staging.known_team as teams
    on
        tickets.account = teams.account
        and tickets.team_id = teams.team_id
where
    not tickets.is_excluded
    and tickets.solved_on <= :until
group by
    days.month_starts_on,
    teams.name
