select
    expected_tickets,
    low_80,
    high_80
from marts.forecast_weekly
where
    account = 'all'
    and weeks_ahead = 1
