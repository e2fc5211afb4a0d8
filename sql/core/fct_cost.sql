-- Money spent, in its own currency and in the reporting one: at the rate of its posting, and at
-- that of the month's first day, at which plans are converted; so what exchange rates alone did is
-- the difference. What pays for a time (a year of licences) counts in the months of that time, by
-- days; the parts are differences of rounded sums, so they add up.
with known_rates as (
    select
        currency,
        valid_from_on,
        max(rate) as rate
    from source.exchange_rate
    group by currency, valid_from_on
),

months as (
    select
        month_starts_on,
        max(day) as month_ends_on,
        max(fiscal_year) as fiscal_year
    from core.dim_date
    group by month_starts_on
),

served as (
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

placed as (
    select
        s.account,
        s.entry_id,
        s.posted_on,
        m.month_starts_on as month_on,
        m.fiscal_year,
        s.team,
        s.category,
        s.paid_for,
        s.currency,
        s.amount,
        s.is_accrued,
        case when s.from_on > m.month_starts_on then s.from_on else m.month_starts_on end
            as accrued_on,
        cast(
            case
                when s.from_on > m.month_starts_on then 0
                else m.month_starts_on - s.from_on
            end as double
        ) as days_before,
        cast(
            case when s.until_on < m.month_ends_on then s.until_on else m.month_ends_on end
            - s.from_on
            + 1 as double
        ) as days_done,
        cast(s.until_on - s.from_on + 1 as double) as days
    from served as s
    join months as m on s.until_on >= m.month_starts_on and s.from_on <= m.month_ends_on
),

parts as (
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
    from placed
),

dated as (
    select
        p.account,
        p.entry_id,
        p.posted_on,
        p.accrued_on,
        p.month_on,
        p.fiscal_year,
        p.team,
        p.category,
        p.paid_for,
        p.currency,
        p.amount,
        s.currency as reporting_currency
    from parts as p cross join ops.reporting_setting as s
),

rates as (
    select
        c.account,
        c.entry_id,
        c.month_on,
        max(case when r.valid_from_on <= c.posted_on then r.valid_from_on end) as day_rate_on,
        max(case when r.valid_from_on <= c.month_on then r.valid_from_on end) as month_rate_on
    from dated as c
    join known_rates as r on c.currency = r.currency and c.currency <> c.reporting_currency
    group by c.account, c.entry_id, c.month_on
),

rated as (
    select
        c.account,
        c.entry_id,
        c.posted_on,
        c.accrued_on,
        c.month_on,
        c.fiscal_year,
        c.team,
        c.category,
        c.paid_for,
        c.currency,
        c.amount,
        case when c.currency = c.reporting_currency then cast(1 as double) else a.rate end as rate,
        case when c.currency = c.reporting_currency then cast(1 as double) else p.rate end
            as plan_rate
    from dated as c
    left join rates as x
        on c.account = x.account and c.entry_id = x.entry_id and c.month_on = x.month_on
    left join known_rates as a on c.currency = a.currency and x.day_rate_on = a.valid_from_on
    left join known_rates as p on c.currency = p.currency and x.month_rate_on = p.valid_from_on
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
from rated
