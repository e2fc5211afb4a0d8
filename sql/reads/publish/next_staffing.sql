select
    sum(coalesce(service_fte, required_fte)) / 5 as needed_fte,
    sum(planned_fte) / 5 as planned_fte
from marts.staffing_forecast
where day <= :until
