-- One row for each posting and month that it pays for. Amounts are converted twice, at the
-- posting's rate and at the rate of the month's first day, at which plans are converted; the
-- difference is what exchange rates alone did. A cost that covers a period (a year of licences)
-- counts in each of its months by days; the parts are differences of rounded sums, so they add up.
with known_rates as (
    select
        currency,
        valid_from_on,
        max(rate) as rate
    from source.exchange_rate
    group by currency, valid_from_on
),

fiscal_months as (
    select
        month_starts_on,
        max(day) as month_ends_on,
        max(fiscal_year) as fiscal_year
    from staging.known_day
    group by month_starts_on
),

-- A cost without a service period counts on the day of its posting.
entries_with_service as (
    select
        account,
        entry_id,
        posted_on,
        team,
        category,
        paid_for,
        currency,
        amount,
        service_from_on is not null or service_until_on is not null as is_accrued,
        coalesce(
            service_from_on,
            case when service_until_on < posted_on then service_until_on else posted_on end
        ) as from_on,
        coalesce(service_until_on, service_from_on, posted_on) as until_on
    from source.cost_entry
),

entries_by_month as (
    select
        entries_with_service.account,
        entries_with_service.entry_id,
        entries_with_service.posted_on,
        fiscal_months.month_starts_on as month_on,
        fiscal_months.fiscal_year,
        entries_with_service.team,
        entries_with_service.category,
        entries_with_service.paid_for,
        entries_with_service.currency,
        entries_with_service.amount,
        entries_with_service.is_accrued,
        case
            when entries_with_service.from_on > fiscal_months.month_starts_on
                then entries_with_service.from_on
            else fiscal_months.month_starts_on
        end
            as accrued_on,
        cast(
            case
                when entries_with_service.from_on > fiscal_months.month_starts_on then 0
                else fiscal_months.month_starts_on - entries_with_service.from_on
            end as double
        ) as days_before,
        cast(
            case
                when entries_with_service.until_on < fiscal_months.month_ends_on
                    then entries_with_service.until_on
                else fiscal_months.month_ends_on
            end
            - entries_with_service.from_on
            + 1 as double
        ) as days_done,
        cast(entries_with_service.until_on - entries_with_service.from_on + 1 as double) as days
    from entries_with_service
    join fiscal_months
        on entries_with_service.until_on >= fiscal_months.month_starts_on
            and entries_with_service.from_on <= fiscal_months.month_ends_on
),

monthly_parts as (
    select
        account,
        entry_id,
        posted_on,
        accrued_on,
        month_on,
        fiscal_year,
        team,
        category,
        paid_for,
        currency,
        case
            when not is_accrued then amount
            else cast(
                    floor(cast(amount as double) * days_done / days * 10000 + 0.5)
                    / 10000 as decimal(18, 4)
                )
                - cast(
                    floor(cast(amount as double) * days_before / days * 10000 + 0.5)
                    / 10000 as decimal(18, 4)
                )
        end as amount
    from entries_by_month
),

parts_with_currency as (
    select
        monthly_parts.account,
        monthly_parts.entry_id,
        monthly_parts.posted_on,
        monthly_parts.accrued_on,
        monthly_parts.month_on,
        monthly_parts.fiscal_year,
        monthly_parts.team,
        monthly_parts.category,
        monthly_parts.paid_for,
        monthly_parts.currency,
        monthly_parts.amount,
        setting.currency as reporting_currency,
        setting.exchange_rate_days
    from monthly_parts cross join ops.reporting_setting as setting
),

-- The latest rates known at the posting and at the month's first day.
rate_days as (
    select
        parts_with_currency.account,
        parts_with_currency.entry_id,
        parts_with_currency.month_on,
        max(
            case
                when known_rates.valid_from_on <= parts_with_currency.posted_on
                    and parts_with_currency.posted_on - known_rates.valid_from_on
                    <= parts_with_currency.exchange_rate_days
                    then known_rates.valid_from_on
            end
        ) as day_rate_on,
        max(
            case
                when known_rates.valid_from_on <= parts_with_currency.month_on
                    and parts_with_currency.month_on - known_rates.valid_from_on
                    <= parts_with_currency.exchange_rate_days
                    then known_rates.valid_from_on
            end
        ) as month_rate_on
    from parts_with_currency
    join known_rates
        on parts_with_currency.currency = known_rates.currency
            and parts_with_currency.currency <> parts_with_currency.reporting_currency
    group by parts_with_currency.account, parts_with_currency.entry_id, parts_with_currency.month_on
),

converted_parts as (
    select
        parts_with_currency.account,
        parts_with_currency.entry_id,
        parts_with_currency.posted_on,
        parts_with_currency.accrued_on,
        parts_with_currency.month_on,
        parts_with_currency.fiscal_year,
        parts_with_currency.team,
        parts_with_currency.category,
        parts_with_currency.paid_for,
        parts_with_currency.currency,
        parts_with_currency.amount,
        case
            when parts_with_currency.currency = parts_with_currency.reporting_currency
                then cast(1 as double)
            else posting_rate.rate
        end as rate,
        case
            when parts_with_currency.currency = parts_with_currency.reporting_currency
                then cast(1 as double)
            else plan_rate.rate
        end
            as plan_rate
    from parts_with_currency
    left join rate_days
        on parts_with_currency.account = rate_days.account
            and parts_with_currency.entry_id = rate_days.entry_id
            and parts_with_currency.month_on = rate_days.month_on
    left join known_rates as posting_rate
        on parts_with_currency.currency = posting_rate.currency
            and rate_days.day_rate_on = posting_rate.valid_from_on
    left join known_rates as plan_rate
        on parts_with_currency.currency = plan_rate.currency
            and rate_days.month_rate_on = plan_rate.valid_from_on
)

select
    account,
    entry_id,
    posted_on,
    accrued_on,
    month_on,
    fiscal_year,
    team,
    category,
    paid_for,
    currency,
    amount,
    rate,
    cast(floor(cast(amount as double) * rate * 10000 + 0.5) / 10000 as decimal(18, 4))
        as amount_reporting,
    cast(floor(cast(amount as double) * plan_rate * 10000 + 0.5) / 10000 as decimal(18, 4))
        as amount_at_plan_rate
from converted_parts
