-- What came in and went out per team and day, every day of the team's life, for plots and forecasts.
with teams as (
    select account, team_id, min(created_on) as first_day from core.fct_ticket
    where not is_excluded and team_id is not null group by account, team_id
),
created as (
    select account, team_id, created_on as day, count(*) as created_count from core.fct_ticket
    where not is_excluded and team_id is not null group by account, team_id, created_on
),
solved as (
    select account, team_id, solved_on as day, count(*) as solved_count from core.fct_ticket
    where not is_excluded and team_id is not null and solved_on is not null group by account, team_id, solved_on
)
select d.day, t.account, t.team_id, n.name as team, d.is_workday,
    coalesce(c.created_count, 0) as created_count, coalesce(s.solved_count, 0) as solved_count
from teams as t
join ops.reporting_zone as p on p.is_main
join core.dim_date as d on d.day >= t.first_day and d.day <= p.last_day
left join created as c on c.account = t.account and c.team_id = t.team_id and c.day = d.day
left join solved as s on s.account = t.account and s.team_id = t.team_id and s.day = d.day
left join core.dim_team as n on n.account = t.account and n.team_id = t.team_id
