-- The latest version of the plan by name, in the reporting currency at the rate of each month's first day.
with known_rates as (
    select currency, valid_from_on, max(rate) as rate from source.exchange_rate group by currency, valid_from_on
),
chosen as (
    select max(version) as version from source.budget_line
),
latest as (
    select b.month_on, b.team, b.category, b.currency, s.currency as reporting_currency, max(b.version) as version, min(b.kind) as kind, sum(b.amount) as amount
    from source.budget_line as b join chosen as c on c.version = b.version cross join ops.reporting_setting as s
    group by b.month_on, b.team, b.category, b.currency, s.currency
),
rates as (
    select l.currency, l.month_on, max(r.valid_from_on) as rate_on
    from latest as l join known_rates as r on r.currency = l.currency and r.valid_from_on <= l.month_on and l.currency <> l.reporting_currency
    group by l.currency, l.month_on
),
months as (
    select month_starts_on, max(fiscal_year) as fiscal_year from core.dim_date group by month_starts_on
),
rated as (
    select l.version, l.month_on, d.fiscal_year, l.team, l.category, l.kind, l.currency, l.amount,
        case when l.currency = l.reporting_currency then cast(1 as double) else r.rate end as rate
    from latest as l
    left join months as d on d.month_starts_on = l.month_on
    left join rates as x on x.currency = l.currency and x.month_on = l.month_on
    left join known_rates as r on r.currency = l.currency and r.valid_from_on = x.rate_on
)
select version, month_on, fiscal_year, team, category, kind, currency, amount, rate,
    cast(floor(cast(amount as double) * rate * 10000 + 0.5) / 10000 as decimal(18, 4)) as amount_reporting
from rated
