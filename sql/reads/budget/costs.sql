select
    month_on,
    team,
    category,
    sum(amount_reporting) as amount,
    sum(amount_at_plan_rate) as amount_at_plan_rate
from core.fct_cost
where
    accrued_on <= :until
    and amount_reporting is not null
    and amount_at_plan_rate is not null
group by
    month_on,
    team,
    category
