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
        'channels of ' || p.team || ' ' || cast(p.day as varchar),
        p.cost,
        coalesce(c.cost, 0)
    from (
        select
            d.team,
            d.day,
            sum(d.labour_cost + d.other_cost) as cost
        from marts.cost_per_contact_daily as d
        join ops.reporting_zone as z on z.is_main and d.day = z.last_day
        group by d.team, d.day
    ) as p
    left join (
        select
            c.team,
            sum(c.amount_reporting) as cost
        from core.fct_cost as c
        join ops.reporting_zone as z on z.is_main and c.accrued_on <= z.last_day
        join core.dim_date as d on z.last_day = d.day and c.month_on = d.month_starts_on
        group by c.team
    ) as c on p.team = c.team
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
