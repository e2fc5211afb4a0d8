-- One row for each day from the first to the last that any row names, without a gap, and for all
-- days of the calendar. A day before 1990 or after 2100 is a mistake of its source: it has its row,
-- and nothing is filled in between. Work days are those of the calendar; beyond it they are null.
with named_days as (
    select day from staging.known_day
    union
    select day from every_mention
),

bounds as (
    select
        min(day) as first_day,
        max(day) as last_day
    from named_days
    where day >= date '1990-01-01' and day <= date '2100-12-31'
),

days as (
    select cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as day
    from bounds
    union
    select day from named_days
),

months as (
    select
        days.day,
        cast(extract(year from days.day) as bigint) as year,
        cast(extract(month from days.day) as bigint) as month,
        cast(date_trunc('month', days.day) as date) as month_starts_on,
        cast(date_trunc('week', days.day) as date) as week_starts_on,
        coalesce(setting.fiscal_year_month, 1) as fiscal_year_month
    from days
    cross join ops.reporting_setting as setting
),

periods as (
    select
        *,
        -- 0 for the first month of the fiscal year
        (month - fiscal_year_month + 12) % 12 as fiscal_months_before
    from months
),

closed_days as (
    select
        day,
        name
    from core.dim_holiday
    where calendar = 'business'
)

select
    periods.day,
    periods.year,
    (periods.month + 2) // 3 as quarter,
    cast(date_trunc('quarter', periods.day) as date) as quarter_starts_on,
    periods.month,
    case periods.month
        when 1 then 'January'
        when 2 then 'February'
        when 3 then 'March'
        when 4 then 'April'
        when 5 then 'May'
        when 6 then 'June'
        when 7 then 'July'
        when 8 then 'August'
        when 9 then 'September'
        when 10 then 'October'
        when 11 then 'November'
        else 'December'
    end as month_name,
    periods.month_starts_on,
    -- the year of the week's Thursday
    cast(extract(year from periods.week_starts_on + interval 3 day) as bigint) as iso_year,
    cast(extract(week from periods.day) as bigint) as iso_week,
    periods.week_starts_on,
    periods.year
    + case
        when periods.fiscal_year_month > 1 and periods.month >= periods.fiscal_year_month then 1
        else 0
    end as fiscal_year,
    periods.fiscal_months_before // 3 + 1 as fiscal_quarter,
    periods.fiscal_months_before + 1 as fiscal_period,
    date_diff('day', periods.week_starts_on, periods.day) + 1 as weekday,
    case date_diff('day', periods.week_starts_on, periods.day)
        when 0 then 'Monday'
        when 1 then 'Tuesday'
        when 2 then 'Wednesday'
        when 3 then 'Thursday'
        when 4 then 'Friday'
        when 5 then 'Saturday'
        else 'Sunday'
    end as weekday_name,
    calendar.is_workday,
    calendar.workday_of_month,
    calendar.workdays_in_month,
    cast(extract(day from periods.day) as bigint) as day_of_month,
    cast(
        extract(day from periods.month_starts_on + interval 1 month - interval 1 day) as bigint
    ) as days_in_month,
    closed_days.name as holiday
from periods
left join staging.known_day as calendar on periods.day = calendar.day
left join closed_days on periods.day = closed_days.day
