select
    day,
    time_zone,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    age_seconds as numerator,
    1 as denominator
from core.snap_open_ticket_daily
