select
    day,
    time_zone,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    1 as numerator,
    cast(null as bigint) as denominator
from core.snap_open_ticket_daily
