-- Unsolved tickets at the end of each local day: the running total of what came in, was solved and was reopened.
with flows as (
    select t.account, t.team_id, t.channel, t.priority, t.created_on as day, 1 as created, 0 as solved, 0 as reopened
    from core.fct_ticket as t where not t.is_excluded
    union all
    select t.account, t.team_id, t.channel, t.priority, cast(i.starts_at at time zone p.time_zone as date),
        0, case when i.is_solve then 1 else 0 end, case when i.is_reopen then 1 else 0 end
    from core.fct_status_interval as i
    join core.fct_ticket as t on t.account = i.account and t.ticket_id = i.ticket_id
    cross join ops.run_parameter as p
    where not t.is_excluded and (i.is_solve or i.is_reopen)
),
daily as (
    select account, coalesce(team_id, 'none') as team_id, channel, priority, day,
        sum(created) as created_count, sum(solved) as solved_count, sum(reopened) as reopened_count
    from flows group by account, coalesce(team_id, 'none'), channel, priority, day
),
scopes as (
    select account, team_id, channel, priority, min(day) as first_day from daily group by account, team_id, channel, priority
),
grid as (
    select s.account, s.team_id, s.channel, s.priority, d.day
    from scopes as s
    cross join ops.run_parameter as p
    join core.dim_date as d on d.day >= s.first_day and d.day <= p.last_day
),
counted as (
    select g.account, g.team_id, g.channel, g.priority, g.day,
        coalesce(f.created_count, 0) as created_count, coalesce(f.solved_count, 0) as solved_count,
        coalesce(f.reopened_count, 0) as reopened_count,
        sum(coalesce(f.created_count, 0) - coalesce(f.solved_count, 0) + coalesce(f.reopened_count, 0)) over (
            partition by g.account, g.team_id, g.channel, g.priority order by g.day
            rows between unbounded preceding and current row) as backlog_count
    from grid as g
    left join daily as f
        on f.account = g.account and f.team_id = g.team_id and f.channel = g.channel and f.priority = g.priority and f.day = g.day
)
select account, team_id, channel, priority, day, created_count, solved_count, reopened_count, backlog_count
from counted
where backlog_count <> 0 or created_count <> 0 or solved_count <> 0 or reopened_count <> 0
