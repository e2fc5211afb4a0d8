select
    day,
    account,
    kpi,
    value,
    usual_value,
    usual_low,
    usual_high,
    days_compared,
    cases_count,
    usual_cases_count
from marts.kpi_anomaly_daily
where
    is_anomaly
    and day > :since
order by
    day desc,
    account asc,
    kpi asc
