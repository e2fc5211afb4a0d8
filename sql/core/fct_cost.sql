-- Money spent, in its own currency and in the reporting one: at the rate of its day, and at that of the month's first day,
-- at which plans are converted; so what exchange rates alone did is the difference.
with known_rates as (
    select currency, valid_from_on, max(rate) as rate from source.exchange_rate group by currency, valid_from_on
),
dated as (
    select e.account, e.entry_id, e.posted_on, d.month_starts_on as month_on, d.fiscal_year, e.team, e.category, e.currency, e.amount,
        s.currency as reporting_currency
    from source.cost_entry as e
    join core.dim_date as d on d.day = e.posted_on
    cross join ops.reporting_setting as s
),
rates as (
    select c.account, c.entry_id,
        max(case when r.valid_from_on <= c.posted_on then r.valid_from_on end) as day_rate_on,
        max(case when r.valid_from_on <= c.month_on then r.valid_from_on end) as month_rate_on
    from dated as c join known_rates as r on r.currency = c.currency and c.currency <> c.reporting_currency
    group by c.account, c.entry_id
),
rated as (
    select c.account, c.entry_id, c.posted_on, c.month_on, c.fiscal_year, c.team, c.category, c.currency, c.amount,
        case when c.currency = c.reporting_currency then cast(1 as double) else a.rate end as rate,
        case when c.currency = c.reporting_currency then cast(1 as double) else p.rate end as plan_rate
    from dated as c
    left join rates as x on x.account = c.account and x.entry_id = c.entry_id
    left join known_rates as a on a.currency = c.currency and a.valid_from_on = x.day_rate_on
    left join known_rates as p on p.currency = c.currency and p.valid_from_on = x.month_rate_on
)
select account, entry_id, posted_on, month_on, fiscal_year, team, category, currency, amount, rate,
    cast(floor(cast(amount as double) * rate * 10000 + 0.5) / 10000 as decimal(18, 4)) as amount_reporting,
    cast(floor(cast(amount as double) * plan_rate * 10000 + 0.5) / 10000 as decimal(18, 4)) as amount_at_plan_rate
from rated
