-- Unsolved tickets at the end of each local day with their ages, beside what came in, was solved
-- and was reopened on it. Median and 90th percentile by nearest rank: the age of ticket number (n +
-- 1) / 2 and 9n / 10 rounded up.
with ranked as (
    select
        time_zone,
        day,
        account,
        team_id,
        channel,
        priority,
        age_seconds,
        row_number()
            over (
                partition by time_zone, day, account, team_id, channel, priority
                order by age_seconds, ticket_id
            )
            as place,
        count(*) over (partition by time_zone, day, account, team_id, channel, priority) as tickets
    from core.snap_open_ticket_daily
),

stock as (
    select
        time_zone,
        day,
        account,
        team_id,
        channel,
        priority,
        count(*) as backlog_count,
        sum(age_seconds) as age_seconds_sum,
        max(
            case
                when place = cast(floor(cast(tickets + 1 as double) / 2) as bigint) then age_seconds
            end
        ) as age_seconds_median,
        max(
            case
                when place = cast(ceil(cast(tickets * 9 as double) / 10) as bigint) then age_seconds
            end
        ) as age_seconds_p90,
        sum(case when age_seconds < 86400 then 1 else 0 end) as age_0_1_days_count,
        sum(case when age_seconds >= 86400 and age_seconds < 259200 then 1 else 0 end)
            as age_1_3_days_count,
        sum(case when age_seconds >= 259200 and age_seconds < 604800 then 1 else 0 end)
            as age_3_7_days_count,
        sum(case when age_seconds >= 604800 and age_seconds < 1209600 then 1 else 0 end)
            as age_7_14_days_count,
        sum(case when age_seconds >= 1209600 and age_seconds < 2592000 then 1 else 0 end)
            as age_14_30_days_count,
        sum(case when age_seconds >= 2592000 then 1 else 0 end) as age_30_days_count
    from ranked
    group by time_zone, day, account, team_id, channel, priority
),

events as (
    select
        t.account,
        t.team_id,
        t.channel,
        t.priority,
        t.created_at as happened_at,
        1 as created,
        0 as solved,
        0 as reopened
    from core.fct_ticket as t
    where not t.is_excluded
    union all
    select
        account,
        team_id,
        channel,
        priority,
        starts_at,
        0,
        case when is_solve then 1 else 0 end,
        case when is_reopen then 1 else 0 end
    from core.fct_status_interval
    where not is_excluded and (is_solve or is_reopen)
),

flow as (
    select
        z.time_zone,
        cast(e.happened_at at time zone z.time_zone as date) as day,
        e.account,
        coalesce(e.team_id, 'none') as team_id,
        e.channel,
        e.priority,
        sum(e.created) as created_count,
        sum(e.solved) as solved_count,
        sum(e.reopened) as reopened_count
    from events as e cross join ops.reporting_zone as z
    where cast(e.happened_at at time zone z.time_zone as date) <= z.last_day
    group by
        z.time_zone,
        cast(e.happened_at at time zone z.time_zone as date),
        e.account,
        coalesce(e.team_id, 'none'),
        e.channel,
        e.priority
)

select
    coalesce(s.time_zone, f.time_zone) as time_zone,
    coalesce(s.day, f.day) as day,
    coalesce(s.account, f.account) as account,
    coalesce(s.team_id, f.team_id) as team_id,
    coalesce(s.channel, f.channel) as channel,
    coalesce(s.priority, f.priority) as priority,
    coalesce(f.created_count, 0) as created_count,
    coalesce(f.solved_count, 0) as solved_count,
    coalesce(f.reopened_count, 0) as reopened_count,
    coalesce(s.backlog_count, 0) as backlog_count,
    coalesce(s.age_seconds_sum, 0) as age_seconds_sum,
    s.age_seconds_median,
    s.age_seconds_p90,
    coalesce(s.age_0_1_days_count, 0) as age_0_1_days_count,
    coalesce(s.age_1_3_days_count, 0) as age_1_3_days_count,
    coalesce(s.age_3_7_days_count, 0) as age_3_7_days_count,
    coalesce(s.age_7_14_days_count, 0) as age_7_14_days_count,
    coalesce(s.age_14_30_days_count, 0) as age_14_30_days_count,
    coalesce(s.age_30_days_count, 0) as age_30_days_count
from stock as s
full join flow as f
    on s.time_zone = f.time_zone
        and s.day = f.day
        and s.account = f.account
        and s.team_id = f.team_id
        and s.channel = f.channel
        and s.priority = f.priority
