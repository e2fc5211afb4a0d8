-- One row for each fiscal year, team and category: where the year ends, by three methods, as of the
-- last complete day. Variable lines go by work days. Fixed lines are due on the first of the month;
-- what is not posted yet is still to come. The third method uses the forecast drivers: it pays for
-- the people that the forecast needs, whether or not they can be hired, so the official outlook is
-- the first method. Sums leave out what has no exchange rate; they say how much, and are null where
-- nothing has one.
with today as (
    select
        zone.last_day,
        calendar.fiscal_year,
        calendar.month_starts_on,
        case
            when calendar.workdays_in_month = 0 then cast(0 as double)
            else cast(calendar.workdays_in_month - calendar.workday_of_month as double)
                / calendar.workdays_in_month
        end as month_left
    from ops.reporting_zone as zone
    join staging.known_day as calendar on zone.last_day = calendar.day
    where zone.is_main
),

spent_lines as (
    select
        cost.fiscal_year,
        cost.team,
        cost.category,
        min(case when cost.amount_reporting is not null then cost.accrued_on end) as first_on,
        sum(cost.amount_reporting) as actual,
        sum(case when cost.amount_reporting is null then 1 else 0 end) as without_rate,
        sum(case when cost.month_on = today.month_starts_on then cost.amount_reporting else 0 end)
            as actual_of_month
    from core.fct_cost as cost
    cross join today
    where cost.accrued_on <= today.last_day and cost.fiscal_year <= today.fiscal_year
    group by cost.fiscal_year, cost.team, cost.category
),

needed_staff as (
    select
        plan_month.month_on,
        plan_month.team,
        sum(plan_month.need_fte) as fte
    from marts.headcount_plan_monthly as plan_month
    where plan_month.workdays_forecast > 0
    group by plan_month.month_on, plan_month.team
),

fiscal_months as (
    select
        month_starts_on,
        max(fiscal_year) as fiscal_year
    from staging.known_day
    group by month_starts_on
),

planned_headcount as (
    select
        month_on,
        team,
        sum(fte) as fte,
        max(monthly_cost) as monthly_cost
    from source.headcount_plan
    group by month_on, team
),

-- Labour to come without a driver: the people needed at their monthly cost.
people_cost as (
    select
        fiscal_months.fiscal_year,
        planned_headcount.team,
        sum(
            coalesce(needed_staff.fte, planned_headcount.fte)
            * planned_headcount.monthly_cost
            * case
                when planned_headcount.month_on > today.month_starts_on then cast(1 as double)
                else today.month_left
            end
        ) as cost_left
    from planned_headcount
    join fiscal_months on planned_headcount.month_on = fiscal_months.month_starts_on
    cross join today
    left join needed_staff
        on planned_headcount.team = needed_staff.team
            and planned_headcount.month_on = needed_staff.month_on
    where planned_headcount.month_on >= today.month_starts_on
        and planned_headcount.monthly_cost is not null
        and coalesce(needed_staff.fte, planned_headcount.fte) is not null
    group by fiscal_months.fiscal_year, planned_headcount.team
),

forecast_tickets as (
    select
        team_forecast.team,
        team_forecast.day,
        sum(team_forecast.expected_tickets) as tickets
    from marts.forecast_volume_daily as team_forecast
    group by team_forecast.team, team_forecast.day
),

-- Contacts to come: as forecast; beyond the forecast as planned.
contacts_to_come as (
    select
        budget_line.account,
        budget_line.month_on,
        budget_line.team,
        budget_line.category,
        budget_line.paid_for,
        sum(
            coalesce(forecast_tickets.tickets, budget_line.driver_quantity / calendar.days_in_month)
        ) as contacts_left
    from core.fct_budget_line as budget_line
    join staging.known_day as calendar on budget_line.month_on = calendar.month_starts_on
    cross join today
    left join forecast_tickets
        on budget_line.team = forecast_tickets.team and calendar.day = forecast_tickets.day
    where budget_line.driver = 'contacts' and calendar.day > today.last_day
    group by
        budget_line.account,
        budget_line.month_on,
        budget_line.team,
        budget_line.category,
        budget_line.paid_for
),

plan_lines as (
    select
        budget_line.fiscal_year,
        budget_line.team,
        budget_line.category,
        budget_line.kind,
        budget_line.amount_reporting as amount,
        budget_line.amount is not null and budget_line.amount_reporting is null as is_without_rate,
        budget_line.month_on > today.month_starts_on as is_later,
        budget_line.month_on = today.month_starts_on as is_now,
        today.month_left,
        budget_line.driver is null
        and budget_line.category = 'labour'
        and people_cost.cost_left is not null as is_people,
        budget_line.driver_rate is not null
        and budget_line.driver in ('fte', 'contacts') as is_driven,
        budget_line.driver = 'contacts' as is_by_contacts,
        case
            when budget_line.driver = 'fte'
                then coalesce(needed_staff.fte, budget_line.driver_quantity)
                    * cast(budget_line.driver_rate as double)
                    * budget_line.rate
            when budget_line.driver = 'contacts' then contacts_to_come.contacts_left
                * cast(budget_line.driver_rate as double)
                * budget_line.rate
        end as driven
    from core.fct_budget_line as budget_line
    cross join today
    left join needed_staff
        on budget_line.team = needed_staff.team and budget_line.month_on = needed_staff.month_on
    left join contacts_to_come
        on budget_line.account = contacts_to_come.account
            and budget_line.month_on = contacts_to_come.month_on
            and budget_line.team = contacts_to_come.team
            and budget_line.category = contacts_to_come.category
            and budget_line.paid_for = contacts_to_come.paid_for
    left join people_cost
        on budget_line.fiscal_year = people_cost.fiscal_year and budget_line.team = people_cost.team
    where budget_line.fiscal_year <= today.fiscal_year
),

valued_lines as (
    select
        fiscal_year,
        team,
        category,
        kind,
        amount,
        is_without_rate,
        is_later,
        is_now,
        month_left,
        is_driven,
        coalesce(is_by_contacts, false) as is_by_contacts,
        cast(coalesce(amount, 0) as double) as planned,
        case
            when is_people then cast(0 as double)
            else coalesce(driven, cast(coalesce(amount, 0) as double))
        end as driven
    from plan_lines
),

planned_year as (
    select
        fiscal_year,
        team,
        category,
        case when min(kind) = max(kind) then min(kind) else 'mixed' end as kind,
        case
            when max(case when is_without_rate then 1 else 0 end) = 1 then sum(amount)
            else coalesce(sum(amount), 0)
        end as plan_year,
        sum(case when is_without_rate then 1 else 0 end) as without_rate,
        max(case when is_driven then 1 else 0 end) as driven_lines,
        sum(
            case
                when is_later then planned
                when is_now and kind = 'variable' then planned * month_left
                else cast(0 as double)
            end
        ) as plan_left,
        sum(case when is_now and kind = 'fixed' then planned else cast(0 as double) end)
            as plan_due,
        sum(case
            when is_later or (is_now and is_by_contacts) then driven
            when is_now and kind = 'variable' then driven * month_left
            else cast(0 as double)
        end) as drivers_left,
        sum(
            case
                when is_now and kind = 'fixed' and not is_by_contacts then driven
                else cast(0 as double)
            end
        ) as drivers_due
    from valued_lines
    group by fiscal_year, team, category
),

reported_lines as (
    select
        fiscal_year,
        team,
        category
    from spent_lines
    union
    select
        fiscal_year,
        team,
        category
    from planned_year
),

workdays_to_come as (
    select
        calendar.fiscal_year,
        count(*) as workdays_left
    from staging.known_day as calendar cross join today
    where calendar.is_workday and calendar.day > today.last_day
    group by calendar.fiscal_year
),

workdays_since_first as (
    select
        spent_lines.fiscal_year,
        spent_lines.team,
        spent_lines.category,
        count(*) as workdays_done
    from spent_lines
    join staging.known_day as calendar
        on spent_lines.fiscal_year = calendar.fiscal_year
            and spent_lines.first_on <= calendar.day
            and calendar.is_workday
    cross join today
    where calendar.day <= today.last_day
    group by spent_lines.fiscal_year, spent_lines.team, spent_lines.category
),

year_lines as (
    select
        reported_lines.fiscal_year,
        reported_lines.team,
        reported_lines.category,
        today.last_day,
        coalesce(planned_year.kind, 'fixed') as kind,
        case
            when coalesce(planned_year.without_rate, 0) > 0 then planned_year.plan_year
            else coalesce(planned_year.plan_year, 0)
        end as plan_year,
        case
            when coalesce(spent_lines.without_rate, 0) > 0 then spent_lines.actual
            else coalesce(spent_lines.actual, 0)
        end as actual,
        coalesce(planned_year.without_rate, 0) as plan_lines_without_rate,
        coalesce(spent_lines.without_rate, 0) as costs_without_rate,
        coalesce(workdays_since_first.workdays_done, 0) as workdays_done,
        coalesce(workdays_to_come.workdays_left, 0) as workdays_left,
        reported_lines.fiscal_year = today.fiscal_year as is_open,
        coalesce(planned_year.driven_lines, 0) = 1
        or people_cost.cost_left is not null as is_driven,
        cast(coalesce(spent_lines.actual_of_month, 0) as double) as actual_of_month,
        coalesce(planned_year.plan_left, 0) as plan_left,
        coalesce(planned_year.plan_due, 0) as plan_due,
        coalesce(planned_year.drivers_left, 0) + coalesce(people_cost.cost_left, 0) as drivers_left,
        coalesce(planned_year.drivers_due, 0) as drivers_due
    from reported_lines
    cross join today
    left join planned_year
        on reported_lines.fiscal_year = planned_year.fiscal_year
            and reported_lines.team = planned_year.team
            and reported_lines.category = planned_year.category
    left join spent_lines
        on reported_lines.fiscal_year = spent_lines.fiscal_year
            and reported_lines.team = spent_lines.team
            and reported_lines.category = spent_lines.category
    left join workdays_to_come on reported_lines.fiscal_year = workdays_to_come.fiscal_year
    left join workdays_since_first
        on reported_lines.fiscal_year = workdays_since_first.fiscal_year
            and reported_lines.team = workdays_since_first.team
            and reported_lines.category = workdays_since_first.category
    left join people_cost
        on reported_lines.fiscal_year = people_cost.fiscal_year
            and reported_lines.team = people_cost.team
            and reported_lines.category = 'labour'
),

-- What is due this month and not posted yet is still to come.
still_to_spend as (
    select
        fiscal_year,
        team,
        category,
        kind,
        last_day,
        plan_year,
        actual,
        plan_lines_without_rate,
        costs_without_rate,
        workdays_done,
        workdays_left,
        is_open,
        is_driven,
        case
            when plan_year is null then null
            when not is_open then cast(0 as double)
            when plan_due > 0 and plan_due > actual_of_month
                then plan_left + plan_due - actual_of_month
            else plan_left
        end as plan_left,
        case
            when drivers_due > 0 and drivers_due > actual_of_month
                then drivers_left + drivers_due - actual_of_month
            else drivers_left
        end as drivers_left
    from year_lines
),

-- A run rate needs ten work days.
rounded_lines as (
    select
        fiscal_year,
        team,
        category,
        kind,
        last_day as as_of_day,
        cast(plan_year as decimal(18, 4)) as plan_year,
        cast(actual as decimal(18, 4)) as actual_to_date,
        plan_lines_without_rate,
        costs_without_rate,
        workdays_done,
        workdays_left,
        cast(floor(plan_left * 10000 + 0.5) / 10000 as decimal(18, 4)) as plan_left,
        case
            when kind <> 'variable'
                then cast(floor(plan_left * 10000 + 0.5) / 10000 as decimal(18, 4))
            when workdays_done < 10 then null
            else cast(
                    floor(cast(actual as double) / workdays_done * workdays_left * 10000 + 0.5)
                    / 10000 as decimal(18, 4)
                )
        end as run_rate_left,
        case
            when is_driven and is_open and workdays_left > 0
                then cast(floor(drivers_left * 10000 + 0.5) / 10000 as decimal(18, 4))
        end as drivers_left
    from still_to_spend
)

select
    fiscal_year,
    team,
    category,
    kind,
    as_of_day,
    plan_year,
    actual_to_date,
    plan_left,
    workdays_done,
    workdays_left,
    actual_to_date + plan_left as year_end_plan,
    actual_to_date + run_rate_left as year_end_run_rate,
    actual_to_date + drivers_left as year_end_drivers,
    actual_to_date + plan_left as outlook,
    'plan' as outlook_method,
    actual_to_date + plan_left - plan_year as outlook_variance,
    cast(plan_lines_without_rate as bigint) as plan_lines_without_rate,
    cast(costs_without_rate as bigint) as costs_without_rate,
    plan_lines_without_rate = 0 and costs_without_rate = 0 as is_complete
from rounded_lines
