select
    day,
    time_zone,
    account,
    team_id,
    channel,
    priority,
    age_seconds_sum as numerator,
    backlog_count as denominator
from core.snap_backlog_daily
where backlog_count > 0
