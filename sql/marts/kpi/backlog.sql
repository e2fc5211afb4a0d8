select day, account, team_id, channel, priority, backlog_count as numerator, backlog_count as denominator
from core.snap_backlog_daily
