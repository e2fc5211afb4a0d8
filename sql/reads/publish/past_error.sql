select
    sum(absolute_error) as absolute_error,
    sum(actual_tickets) as tickets
from marts.forecast_score
where
    is_chosen
    and lead_from = 1
