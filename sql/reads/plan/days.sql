select
    account,
    team_id,
    team,
    day,
    model,
    expected_tickets,
    low_80,
    high_80,
    low_95,
    high_95
from marts.forecast_volume_daily
order by
    account,
    team_id,
    day
