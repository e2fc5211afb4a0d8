-- One row for each line of the plan in force, converted at the rate of the month's first day. For
-- each account and month the latest version that has it is in force, by valid date and then by
-- name: a revision of some months leaves the others, and last year, as they were planned. A line
-- without an amount is its driver's quantity (its own, or the headcount plan's) times its rate.
with known_rates as (
    select
        currency,
        valid_from_on,
        max(rate) as rate
    from source.exchange_rate
    group by currency, valid_from_on
),

month_versions as (
    select
        account,
        month_on,
        version,
        max(valid_from_on) as valid_from_on,
        max(version_order) as version_order
    from source.budget_line
    group by account, month_on, version
),

ranked_versions as (
    select
        month_versions.account,
        month_versions.month_on,
        month_versions.version,
        row_number() over (
            partition by month_versions.account, month_versions.month_on
            order by
                coalesce(month_versions.valid_from_on, date '1900-01-01') desc,
                coalesce(month_versions.version_order, '') desc,
                month_versions.version desc
        ) as place
    from month_versions
    join ops.reporting_zone as zone
        on zone.is_main
            and coalesce(month_versions.valid_from_on, zone.last_day) <= zone.last_day
),

planned_headcount as (
    select
        month_on,
        team,
        sum(fte) as fte,
        sum(contacts) as contacts
    from source.headcount_plan
    group by month_on, team
),

plan_lines as (
    select
        budget_line.account,
        budget_line.version,
        budget_line.month_on,
        budget_line.team,
        budget_line.category,
        budget_line.paid_for,
        budget_line.kind,
        budget_line.currency,
        budget_line.driver,
        budget_line.driver_rate,
        budget_line.amount,
        case
            when budget_line.driver_quantity is not null or budget_line.driver is null
                then budget_line.driver_quantity
            when budget_line.amount is not null and budget_line.driver_rate <> 0
                then cast(budget_line.amount as double) / cast(budget_line.driver_rate as double)
            when budget_line.driver = 'fte' then planned_headcount.fte
            when budget_line.driver = 'contacts' then planned_headcount.contacts
        end as driver_quantity
    from source.budget_line as budget_line
    join ranked_versions
        on budget_line.account = ranked_versions.account
            and budget_line.month_on = ranked_versions.month_on
            and budget_line.version = ranked_versions.version
            and ranked_versions.place = 1
    left join planned_headcount
        on budget_line.month_on = planned_headcount.month_on
            and budget_line.team = planned_headcount.team
),

priced_lines as (
    select
        plan_lines.account,
        plan_lines.version,
        plan_lines.month_on,
        plan_lines.team,
        plan_lines.category,
        plan_lines.paid_for,
        plan_lines.kind,
        plan_lines.currency,
        plan_lines.driver,
        plan_lines.driver_quantity,
        plan_lines.driver_rate,
        setting.currency as reporting_currency,
        setting.exchange_rate_days,
        coalesce(
            plan_lines.amount,
            cast(
                floor(
                    plan_lines.driver_quantity * cast(plan_lines.driver_rate as double) * 10000
                    + 0.5
                )
                / 10000 as decimal(18, 4)
            )
        ) as amount
    from plan_lines cross join ops.reporting_setting as setting
),

rate_days as (
    select
        priced_lines.currency,
        priced_lines.month_on,
        max(known_rates.valid_from_on) as rate_on
    from priced_lines
    join known_rates
        on priced_lines.currency = known_rates.currency
            and priced_lines.month_on >= known_rates.valid_from_on
            and priced_lines.month_on - known_rates.valid_from_on <= priced_lines.exchange_rate_days
            and priced_lines.currency <> priced_lines.reporting_currency
    group by priced_lines.currency, priced_lines.month_on
),

fiscal_months as (
    select
        month_starts_on,
        max(fiscal_year) as fiscal_year
    from staging.known_day
    group by month_starts_on
),

converted_lines as (
    select
        priced_lines.account,
        priced_lines.version,
        priced_lines.month_on,
        fiscal_months.fiscal_year,
        priced_lines.team,
        priced_lines.category,
        priced_lines.paid_for,
        priced_lines.kind,
        priced_lines.currency,
        priced_lines.amount,
        priced_lines.driver,
        priced_lines.driver_quantity,
        priced_lines.driver_rate,
        case
            when priced_lines.currency = priced_lines.reporting_currency then cast(1 as double)
            else known_rates.rate
        end as rate
    from priced_lines
    left join fiscal_months on priced_lines.month_on = fiscal_months.month_starts_on
    left join rate_days
        on priced_lines.currency = rate_days.currency and priced_lines.month_on = rate_days.month_on
    left join known_rates
        on priced_lines.currency = known_rates.currency
            and rate_days.rate_on = known_rates.valid_from_on
)

select
    account,
    version,
    month_on,
    fiscal_year,
    team,
    category,
    paid_for,
    kind,
    currency,
    amount,
    driver,
    driver_quantity,
    driver_rate,
    rate,
    cast(floor(cast(amount as double) * rate * 10000 + 0.5) / 10000 as decimal(18, 4))
        as amount_reporting
from converted_lines
