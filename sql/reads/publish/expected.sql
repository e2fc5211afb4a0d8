select
    day,
    expected_tickets,
    low_80,
    high_80,
    low_95,
    high_95
from marts.forecast_total_daily
where account = 'all'
order by day
