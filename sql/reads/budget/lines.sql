select
    month_on,
    team,
    category,
    kind,
    amount_reporting as amount
from core.fct_budget_line
where
    month_on <= :until
    and amount_reporting is not null
