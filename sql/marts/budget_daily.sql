-- One row for each day up to the last complete one, team and category: plan, actual and run rate of
-- the month. Variable lines are spread over the month's work days and projected; fixed lines are
-- due on the first, as invoices are.
with plan_months as (
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

daily_costs as (
    select
        team,
        category,
        currency,
        accrued_on,
        sum(amount) as amount
    from core.fct_cost
    group by team, category, currency, accrued_on
),

budget_lines as (
    select
        month_on,
        team,
        category,
        currency
    from plan_months
    union
    select
        month_on,
        team,
        category,
        currency
    from core.fct_cost
),

line_days as (
    select
        calendar.day,
        calendar.month_starts_on,
        calendar.workday_of_month,
        calendar.workdays_in_month,
        budget_lines.team,
        budget_lines.category,
        budget_lines.currency
    from budget_lines
    join staging.known_day as calendar on budget_lines.month_on = calendar.month_starts_on
    join ops.reporting_zone as zone on zone.is_main
    where calendar.day <= zone.last_day
),

spent_to_date as (
    select
        line_days.day,
        line_days.team,
        line_days.category,
        line_days.currency,
        sum(daily_costs.amount) as amount
    from line_days
    join daily_costs
        on line_days.team = daily_costs.team
            and line_days.category = daily_costs.category
            and line_days.currency = daily_costs.currency
            and line_days.month_starts_on <= daily_costs.accrued_on
            and line_days.day >= daily_costs.accrued_on
    group by line_days.day, line_days.team, line_days.category, line_days.currency
),

plan_and_actual as (
    select
        line_days.day,
        line_days.month_starts_on,
        line_days.team,
        line_days.category,
        line_days.currency,
        cast(coalesce(plan_months.fixed_amount, 0) as decimal(18, 4)) as fixed_amount,
        cast(coalesce(plan_months.variable_amount, 0) as decimal(18, 4)) as variable_amount,
        cast(coalesce(spent_to_date.amount, 0) as decimal(18, 4)) as actual_to_date,
        line_days.workday_of_month,
        case
            when line_days.workdays_in_month = 0 then cast(0 as double)
            else cast(line_days.workday_of_month as double) / line_days.workdays_in_month
        end as elapsed_share
    from line_days
    left join plan_months
        on line_days.month_starts_on = plan_months.month_on
            and line_days.team = plan_months.team
            and line_days.category = plan_months.category
            and line_days.currency = plan_months.currency
    left join spent_to_date
        on line_days.day = spent_to_date.day
            and line_days.team = spent_to_date.team
            and line_days.category = spent_to_date.category
            and line_days.currency = spent_to_date.currency
),

-- Spending beyond the fixed lines belongs to the variable ones.
with_variable_share as (
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
    from plan_and_actual
),

-- Every engine rounds half up alike in double precision; the result becomes a decimal afterwards.
rounded_amounts as (
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
    from with_variable_share
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
from rounded_amounts
