select
    day,
    time_zone,
    account,
    team_id,
    channel,
    priority,
    backlog_count as numerator,
    1 as denominator
from core.snap_backlog_daily
where backlog_count > 0
