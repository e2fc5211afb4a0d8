-- One row for each local day and scope, with the backlog's ages in days.
select
    backlog.day,
    backlog.time_zone,
    backlog.account,
    backlog.team_id,
    team.name as team,
    backlog.channel,
    backlog.priority,
    backlog.created_count,
    backlog.solved_count,
    backlog.reopened_count,
    backlog.binned_count,
    backlog.backlog_count,
    backlog.age_seconds_sum,
    case
        when backlog.backlog_count = 0 then null
        else cast(backlog.age_seconds_sum as double) / backlog.backlog_count / 86400
    end as age_days_mean,
    cast(backlog.age_seconds_median as double) / 86400 as age_days_median,
    cast(backlog.age_seconds_p90 as double) / 86400 as age_days_p90,
    backlog.age_0_1_days_count,
    backlog.age_1_3_days_count,
    backlog.age_3_7_days_count,
    backlog.age_7_14_days_count,
    backlog.age_14_30_days_count,
    backlog.age_30_days_count
from core.snap_backlog_daily as backlog
left join
    staging.known_team as team
    on backlog.account = team.account and backlog.team_id = team.team_id
