select
    costs.kind,
    costs.currency,
    count(*) as records_count,
    min(costs.day) as first_on,
    max(costs.day) as last_on
from (
    select distinct
        'cost' as kind,
        account,
        entry_id as record,
        currency,
        posted_on as day
    from core.fct_cost
    where amount_reporting is null or amount_at_plan_rate is null
    union all
    select
        'plan line' as kind,
        account,
        version || team || category || paid_for as record,
        currency,
        month_on as day
    from core.fct_budget_line
    where amount is not null and amount_reporting is null
) as costs
group by
    costs.kind,
    costs.currency
order by
    costs.kind,
    costs.currency
