select
    day,
    time_zone,
    account,
    cast(null as varchar) as team_id,
    'none' as channel,
    'none' as priority,
    ticket_handle_seconds + call_handle_seconds as numerator,
    ticket_handle_seconds + call_handle_seconds + available_seconds as denominator
from core.fct_agent_day
where available_seconds > 0
