select
    team,
    category,
    month_on,
    plan_month,
    plan_to_date,
    actual_to_date,
    variance_to_date,
    run_rate_month,
    currency
from marts.budget_daily
where day = :day
order by
    team,
    category
