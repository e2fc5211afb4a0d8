-- What came in and went out per team and day, every day of the team's life, for plots and
-- forecasts.
with teams as (
    select
        account,
        team_id,
        min(created_on) as first_day
    from core.fct_ticket
    where not is_excluded and team_id is not null
    group by account, team_id
),

created as (
    select
        account,
        team_id,
        created_on as day,
        count(*) as created_count
    from core.fct_ticket
    where not is_excluded and team_id is not null
    group by account, team_id, created_on
),

solved as (
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
    d.day,
    t.account,
    t.team_id,
    n.name as team,
    d.is_workday,
    coalesce(c.created_count, 0) as created_count,
    coalesce(s.solved_count, 0) as solved_count
from teams as t
join ops.reporting_zone as p on p.is_main
join core.dim_date as d on t.first_day <= d.day and p.last_day >= d.day
left join created as c on t.account = c.account and t.team_id = c.team_id and d.day = c.day
left join solved as s on t.account = s.account and t.team_id = s.team_id and d.day = s.day
left join core.dim_team as n on t.account = n.account and t.team_id = n.team_id
