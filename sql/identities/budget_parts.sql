-- Budget parts add up: variances to the actual, channels to a team's cost, months to a year's end.
select *
from (
    select
        'variance of ' || team || ' ' || cast(month_on as varchar) as place,
        plan + volume + mix + efficiency + rate + other + fx as found,
        actual as expected
    from marts.budget_variance_monthly
    union all
    select
        'year of ' || team || ' ' || category || ' ' || cast(fiscal_year as varchar),
        year_end_plan,
        actual_to_date + plan_left
    from marts.budget_year
    union all
    select
        'channels of ' || channel_costs.team || ' ' || cast(channel_costs.day as varchar),
        channel_costs.cost,
        coalesce(team_costs.cost, 0)
    from (
        select
            contact_cost.team,
            contact_cost.day,
            sum(contact_cost.labour_cost + contact_cost.other_cost) as cost
        from marts.cost_per_contact_daily as contact_cost
        join ops.reporting_zone as zone on zone.is_main and contact_cost.day = zone.last_day
        group by contact_cost.team, contact_cost.day
    ) as channel_costs
    left join (
        select
            cost.team,
            sum(cost.amount_reporting) as cost
        from core.fct_cost as cost
        join ops.reporting_zone as zone on zone.is_main and cost.accrued_on <= zone.last_day
        join staging.known_day as calendar
            on zone.last_day = calendar.day and cost.month_on = calendar.month_starts_on
        group by cost.team
    ) as team_costs on channel_costs.team = team_costs.team
    union all
    select
        'plan of '
        || team
        || ' '
        || category
        || ' '
        || paid_for
        || ' '
        || cast(month_on as varchar)
        || ': drivers x rates',
        cast(0 as decimal(18, 4)),
        amount
    from core.fct_budget_line
    where driver_rate is not null
        and driver_quantity is not null
        and abs(cast(amount as double) - driver_quantity * cast(driver_rate as double)) > 0.01
    union all
    select
        'plan of '
        || team
        || ' '
        || category
        || ' '
        || paid_for
        || ' '
        || cast(month_on as varchar)
        || ': headcount_plan has no '
        || driver
        || ' for it',
        cast(0 as decimal(18, 4)),
        cast(1 as decimal(18, 4))
    from core.fct_budget_line
    where amount is null
) as sums
where found <> expected
