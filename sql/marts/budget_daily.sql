-- Plan, actual to date and run-rate of the month, per team and category, for every day up to the
-- last complete one. Variable lines are spread over the month's work days and projected; fixed ones
-- are due on the first, as invoices are.
with plan as (
    select
        month_on,
        team,
        category,
        currency,
        sum(case when kind = 'fixed' then amount else 0 end) as fixed_amount,
        sum(case when kind = 'variable' then amount else 0 end) as variable_amount
    from core.fct_budget_line
    group by month_on, team, category, currency
),

actual as (
    select
        team,
        category,
        currency,
        accrued_on,
        sum(amount) as amount
    from core.fct_cost
    group by team, category, currency, accrued_on
),

lines as (
    select
        month_on,
        team,
        category,
        currency
    from plan
    union
    select
        month_on,
        team,
        category,
        currency
    from core.fct_cost
),

grid as (
    select
        d.day,
        d.month_starts_on,
        d.workday_of_month,
        d.workdays_in_month,
        l.team,
        l.category,
        l.currency
    from lines as l
    join core.dim_date as d on l.month_on = d.month_starts_on
    join ops.reporting_zone as p on p.is_main
    where d.day <= p.last_day
),

spent as (
    select
        g.day,
        g.team,
        g.category,
        g.currency,
        sum(a.amount) as amount
    from grid as g
    join actual as a
        on g.team = a.team and g.category = a.category and g.currency = a.currency
            and g.month_starts_on <= a.accrued_on and g.day >= a.accrued_on
    group by g.day, g.team, g.category, g.currency
),

placed as (
    select
        g.day,
        g.month_starts_on,
        g.team,
        g.category,
        g.currency,
        cast(coalesce(pl.fixed_amount, 0) as decimal(18, 4)) as fixed_amount,
        cast(coalesce(pl.variable_amount, 0) as decimal(18, 4)) as variable_amount,
        cast(coalesce(s.amount, 0) as decimal(18, 4)) as actual_to_date,
        g.workday_of_month,
        case
            when g.workdays_in_month = 0 then cast(0 as double)
            else cast(g.workday_of_month as double) / g.workdays_in_month
        end as elapsed_share
    from grid as g
    left join plan as pl
        on g.month_starts_on = pl.month_on
            and g.team = pl.team
            and g.category = pl.category
            and g.currency = pl.currency
    left join spent as s
        on g.day = s.day and g.team = s.team and g.category = s.category and g.currency = s.currency
),

-- what is spent beyond the fixed lines is of the variable ones
shared as (
    select
        day,
        month_starts_on,
        team,
        category,
        currency,
        fixed_amount,
        variable_amount,
        actual_to_date,
        workday_of_month,
        elapsed_share,
        case
            when fixed_amount = 0 then actual_to_date
            when actual_to_date > fixed_amount then actual_to_date - fixed_amount
            else 0
        end as actual_variable
    from placed
),

-- rounded half up in double precision, which every engine does alike, and only then made decimal
rounded as (
    select
        day,
        month_starts_on,
        team,
        category,
        currency,
        fixed_amount,
        variable_amount,
        actual_to_date,
        workday_of_month,
        cast(
            floor(cast(variable_amount as double) * elapsed_share * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        ) as variable_to_date,
        case
            when elapsed_share = 0 then null
            else cast(
                    floor(cast(actual_variable as double) / elapsed_share * 10000 + 0.5)
                    / 10000 as decimal(18, 4)
                )
        end as projected
    from shared
)

select
    day,
    month_starts_on as month_on,
    team,
    category,
    currency,
    fixed_amount + variable_amount as plan_month,
    fixed_amount + variable_to_date as plan_to_date,
    actual_to_date,
    actual_to_date - fixed_amount - variable_to_date as variance_to_date,
    case
        when variable_amount = 0
            then case when actual_to_date > fixed_amount then actual_to_date else fixed_amount end
        when workday_of_month < 3 then null
        else fixed_amount + projected
    end as run_rate_month
from rounded
