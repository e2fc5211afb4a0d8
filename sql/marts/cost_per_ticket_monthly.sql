with spent as (
    select
        c.month_on as month_starts_on,
        c.team,
        c.currency,
        sum(c.amount) as cost
    from core.fct_cost as c
    join ops.reporting_zone as z on z.is_main and c.accrued_on <= z.last_day
    group by c.month_on, c.team, c.currency
),

opened as (
    select
        d.month_starts_on,
        n.name as team,
        count(*) as tickets
    from core.fct_ticket as t
    join core.dim_date as d on t.created_on = d.day
    join core.dim_team as n on t.account = n.account and t.team_id = n.team_id
    where not t.is_excluded
    group by d.month_starts_on, n.name
),

resolved as (
    select
        d.month_starts_on,
        n.name as team,
        count(*) as tickets
    from core.fct_ticket as t
    join core.dim_date as d on t.solved_on = d.day
    join core.dim_team as n on t.account = n.account and t.team_id = n.team_id
    where not t.is_excluded
    group by d.month_starts_on, n.name
)

select
    s.month_starts_on,
    s.team,
    s.currency,
    s.cost,
    coalesce(o.tickets, 0) as tickets_created_count,
    coalesce(r.tickets, 0) as tickets_solved_count,
    case
        when coalesce(o.tickets, 0) = 0 then null
        else cast(floor(cast(s.cost as double) / o.tickets * 10000 + 0.5) / 10000 as decimal(18, 4))
    end as cost_per_ticket,
    case
        when coalesce(r.tickets, 0) = 0 then null
        else cast(floor(cast(s.cost as double) / r.tickets * 10000 + 0.5) / 10000 as decimal(18, 4))
    end as cost_per_resolution
from spent as s
left join opened as o on s.month_starts_on = o.month_starts_on and s.team = o.team
left join resolved as r on s.month_starts_on = r.month_starts_on and s.team = r.team
