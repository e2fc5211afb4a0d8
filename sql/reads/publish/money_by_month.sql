select
    month_on,
    sum(plan) as plan,
    sum(actual) as actual
from marts.budget_variance_monthly
group by month_on
order by month_on
