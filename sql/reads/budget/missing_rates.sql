select
    missing.month_on,
    missing.team,
    cast(sum(missing.plan_lines) as bigint) as plan_lines,
    cast(sum(missing.costs) as bigint) as costs
from (
    select
        month_on,
        team,
        1 as plan_lines,
        0 as costs
    from core.fct_budget_line
    where
        month_on <= :until
        and amount is not null
        and amount_reporting is null
    union all
    select
        month_on,
        team,
        0 as plan_lines,
        1 as costs
    from core.fct_cost
    where
        accrued_on <= :until
        and (amount_reporting is null or amount_at_plan_rate is null)
) as missing
group by
    missing.month_on,
    missing.team
