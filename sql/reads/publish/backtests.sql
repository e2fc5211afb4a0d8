select
    day,
    sum(actual_tickets) as actual_tickets,
    sum(expected_tickets) as expected_tickets
from marts.forecast_accuracy_daily
where lead_days <= 7
group by day
order by day
