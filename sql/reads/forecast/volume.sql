select
    account,
    team_id,
    team,
    day,
    cast(created_count as bigint) as tickets
from marts.ticket_volume_daily
