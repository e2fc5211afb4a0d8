-- The latest version of the plan by name, in the reporting currency at the rate of each month's
-- first day. A line without an amount is its driver's quantity (its own, or what the headcount plan
-- says) at the driver's rate.
with known_rates as (
    select
        currency,
        valid_from_on,
        max(rate) as rate
    from source.exchange_rate
    group by currency, valid_from_on
),

chosen as (
    select max(version) as version from source.budget_line
),

staff as (
    select
        month_on,
        team,
        sum(fte) as fte,
        sum(contacts) as contacts
    from source.headcount_plan
    group by month_on, team
),

told as (
    select
        b.account,
        b.version,
        b.month_on,
        b.team,
        b.category,
        b.paid_for,
        b.kind,
        b.currency,
        b.driver,
        b.driver_rate,
        b.amount,
        case
            when b.driver_quantity is not null or b.driver is null then b.driver_quantity
            when b.amount is not null and b.driver_rate <> 0
                then cast(b.amount as double) / cast(b.driver_rate as double)
            when b.driver = 'fte' then s.fte
            when b.driver = 'contacts' then s.contacts
        end as driver_quantity
    from source.budget_line as b
    join chosen as c on b.version = c.version
    left join staff as s on b.month_on = s.month_on and b.team = s.team
),

latest as (
    select
        t.account,
        t.version,
        t.month_on,
        t.team,
        t.category,
        t.paid_for,
        t.kind,
        t.currency,
        t.driver,
        t.driver_quantity,
        t.driver_rate,
        s.currency as reporting_currency,
        coalesce(
            t.amount,
            cast(
                floor(t.driver_quantity * cast(t.driver_rate as double) * 10000 + 0.5)
                / 10000 as decimal(18, 4)
            )
        ) as amount
    from told as t cross join ops.reporting_setting as s
),

rates as (
    select
        l.currency,
        l.month_on,
        max(r.valid_from_on) as rate_on
    from latest as l
    join known_rates as r
        on l.currency = r.currency
            and l.month_on >= r.valid_from_on
            and l.currency <> l.reporting_currency
    group by l.currency, l.month_on
),

months as (
    select
        month_starts_on,
        max(fiscal_year) as fiscal_year
    from core.dim_date
    group by month_starts_on
),

rated as (
    select
        l.account,
        l.version,
        l.month_on,
        d.fiscal_year,
        l.team,
        l.category,
        l.paid_for,
        l.kind,
        l.currency,
        l.amount,
        l.driver,
        l.driver_quantity,
        l.driver_rate,
        case when l.currency = l.reporting_currency then cast(1 as double) else r.rate end as rate
    from latest as l
    left join months as d on l.month_on = d.month_starts_on
    left join rates as x on l.currency = x.currency and l.month_on = x.month_on
    left join known_rates as r on l.currency = r.currency and x.rate_on = r.valid_from_on
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
from rated
