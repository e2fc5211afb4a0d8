-- Of the month up to each day: a team's money over its channels by the time that their solved
-- tickets took, the team's mean for those without one; by opened ones where nothing is solved yet.
-- Parts are differences of rounded sums, so they add up.
with months as (
    select
        month_on,
        team
    from core.fct_cost
    where amount_reporting is not null
    group by month_on, team
),

costs as (
    select
        team,
        accrued_on as day,
        sum(case when category = 'labour' then amount_reporting else 0 end) as labour,
        sum(case when category <> 'labour' then amount_reporting else 0 end) as other
    from core.fct_cost
    where amount_reporting is not null
    group by team, accrued_on
),

touched as (
    select
        n.name as team,
        coalesce(t.channel, 'other') as channel,
        t.created_on as day,
        1 as created,
        0 as solved,
        0 as measured,
        0 as seconds
    from core.fct_ticket as t
    join core.dim_team as n on t.account = n.account and t.team_id = n.team_id
    where not t.is_excluded
    union all
    select
        n.name,
        coalesce(t.channel, 'other'),
        t.solved_on,
        0,
        1,
        case when t.handle_seconds is null then 0 else 1 end,
        cast(floor(coalesce(t.handle_seconds, 0)) as bigint)
    from core.fct_ticket as t
    join core.dim_team as n on t.account = n.account and t.team_id = n.team_id
    where not t.is_excluded and t.solved_on is not null
),

work as (
    select
        team,
        channel,
        day,
        sum(created) as created,
        sum(solved) as solved,
        sum(measured) as measured,
        sum(seconds) as seconds
    from touched
    group by team, channel, day
),

channels as (
    select
        m.month_on,
        m.team,
        w.channel
    from months as m
    join core.dim_date as d on m.month_on = d.month_starts_on
    join work as w on m.team = w.team and d.day = w.day
    group by m.month_on, m.team, w.channel
),

places as (
    select
        m.month_on,
        m.team,
        coalesce(c.channel, 'none') as channel
    from months as m left join channels as c on m.month_on = c.month_on and m.team = c.team
),

grid as (
    select
        d.day,
        p.month_on,
        p.team,
        p.channel
    from places as p
    join core.dim_date as d on p.month_on = d.month_starts_on
    join ops.reporting_zone as z on z.is_main and d.day <= z.last_day
),

to_date as (
    select
        g.day,
        g.team,
        g.channel,
        sum(coalesce(c.labour, 0))
            over (partition by g.team, g.channel, g.month_on order by g.day)
            as labour,
        sum(coalesce(c.other, 0))
            over (partition by g.team, g.channel, g.month_on order by g.day)
            as other,
        sum(coalesce(w.created, 0))
            over (partition by g.team, g.channel, g.month_on order by g.day)
            as created,
        sum(coalesce(w.solved, 0))
            over (partition by g.team, g.channel, g.month_on order by g.day)
            as solved,
        sum(coalesce(w.measured, 0))
            over (partition by g.team, g.channel, g.month_on order by g.day)
            as measured,
        sum(coalesce(w.seconds, 0))
            over (partition by g.team, g.channel, g.month_on order by g.day)
            as seconds
    from grid as g
    left join costs as c on g.team = c.team and g.day = c.day
    left join work as w on g.team = w.team and g.channel = w.channel and g.day = w.day
),

teams as (
    select
        day,
        team,
        sum(created) as created,
        sum(solved) as solved,
        sum(measured) as measured,
        sum(seconds) as seconds
    from to_date
    group by day, team
),

weighed as (
    select
        t.day,
        t.team,
        t.channel,
        t.labour,
        t.other,
        t.created,
        t.solved,
        case
            when a.seconds > 0
                then
                    cast(t.seconds as double) * cast(a.measured as double)
                    + cast(t.solved - t.measured as double) * cast(a.seconds as double)
            when a.solved > 0 then cast(t.solved as double)
            when a.created > 0 then cast(t.created as double)
            else cast(1 as double)
        end as weight
    from to_date as t join teams as a on t.team = a.team and t.day = a.day
),

placed as (
    select
        day,
        team,
        channel,
        labour,
        other,
        created,
        solved,
        weight,
        sum(weight) over (partition by day, team order by channel) as weight_so_far,
        sum(weight) over (partition by day, team) as weight_of_all
    from weighed
),

parted as (
    select
        day,
        team,
        channel,
        created,
        solved,
        cast(
            floor(cast(labour as double) * weight_so_far / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        )
        - cast(
            floor(cast(labour as double) * (weight_so_far - weight) / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        ) as labour_cost,
        cast(
            floor(cast(other as double) * weight_so_far / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        )
        - cast(
            floor(cast(other as double) * (weight_so_far - weight) / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        ) as other_cost
    from placed
)

select
    p.day,
    p.team,
    p.channel,
    s.currency,
    p.labour_cost,
    p.other_cost,
    cast(p.created as bigint) as contacts_count,
    cast(p.solved as bigint) as resolutions_count,
    case
        when p.created = 0 or p.labour_cost + p.other_cost = 0 then null
        else cast(
                floor(
                    cast(p.labour_cost + p.other_cost as double) / cast(p.created as double) * 10000
                    + 0.5
                )
                / 10000 as decimal(18, 4)
            )
    end as cost_per_contact,
    case
        when p.solved = 0 then null
        else cast(
                floor(
                    cast(p.labour_cost + p.other_cost as double) / cast(p.solved as double) * 10000
                    + 0.5
                )
                / 10000 as decimal(18, 4)
            )
    end as cost_per_resolution
from parted as p cross join ops.reporting_setting as s
