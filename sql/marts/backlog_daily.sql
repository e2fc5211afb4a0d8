select
    b.day,
    b.time_zone,
    b.account,
    b.team_id,
    n.name as team,
    b.channel,
    b.priority,
    b.created_count,
    b.solved_count,
    b.reopened_count,
    b.backlog_count,
    b.age_seconds_sum,
    case
        when b.backlog_count = 0 then null
        else cast(b.age_seconds_sum as double) / b.backlog_count / 86400
    end as age_days_mean,
    cast(b.age_seconds_median as double) / 86400 as age_days_median,
    cast(b.age_seconds_p90 as double) / 86400 as age_days_p90,
    b.age_0_1_days_count,
    b.age_1_3_days_count,
    b.age_3_7_days_count,
    b.age_7_14_days_count,
    b.age_14_30_days_count,
    b.age_30_days_count
from core.snap_backlog_daily as b
left join core.dim_team as n on b.account = n.account and b.team_id = n.team_id
