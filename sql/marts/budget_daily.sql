-- Plan, actual to date and run-rate of the month, per team and category, for every day up to the last complete one.
-- Variable lines are spread over the month's work days and projected; fixed ones are due on the first, as invoices are.
with chosen as (
    select max(version) as version from source.budget_line
),
plan as (
    select b.month_on, b.team, b.category, b.kind, b.currency, sum(b.amount) as amount
    from source.budget_line as b join chosen as c on c.version = b.version
    group by b.month_on, b.team, b.category, b.kind, b.currency
),
actual as (
    select e.team, e.category, e.currency, e.posted_on, sum(e.amount) as amount
    from source.cost_entry as e group by e.team, e.category, e.currency, e.posted_on
),
lines as (
    select month_on, team, category, currency from plan
    union
    select d.month_starts_on, a.team, a.category, a.currency from actual as a join core.dim_date as d on d.day = a.posted_on
),
grid as (
    select d.day, d.month_starts_on, d.workday_of_month, d.workdays_in_month, l.team, l.category, l.currency
    from lines as l
    join core.dim_date as d on d.month_starts_on = l.month_on
    join ops.reporting_zone as p on p.is_main
    where d.day <= p.last_day
),
spent as (
    select g.day, g.team, g.category, g.currency, sum(a.amount) as amount
    from grid as g
    join actual as a
        on a.team = g.team and a.category = g.category and a.currency = g.currency
        and a.posted_on >= g.month_starts_on and a.posted_on <= g.day
    group by g.day, g.team, g.category, g.currency
),
placed as (
    select g.day, g.month_starts_on, g.team, g.category, g.currency, pl.kind, coalesce(pl.amount, 0) as plan_month,
        coalesce(s.amount, 0) as actual_to_date, g.workday_of_month, g.workdays_in_month,
        case when g.workdays_in_month = 0 then cast(0 as double)
             else cast(g.workday_of_month as double) / g.workdays_in_month end as workday_share
    from grid as g
    left join plan as pl on pl.month_on = g.month_starts_on and pl.team = g.team and pl.category = g.category and pl.currency = g.currency
    left join spent as s on s.day = g.day and s.team = g.team and s.category = g.category and s.currency = g.currency
),
shared as (
    select day, month_starts_on, team, category, currency, cast(plan_month as decimal(18, 4)) as plan_month,
        cast(actual_to_date as decimal(18, 4)) as actual_to_date, workday_of_month, kind,
        case when kind = 'variable' then workday_share else cast(1 as double) end as elapsed_share
    from placed
),
-- rounded half up in double precision, which every engine does alike, and only then made decimal
rounded as (
    select day, month_starts_on, team, category, currency, kind, plan_month, actual_to_date, workday_of_month, elapsed_share,
        cast(floor(cast(plan_month as double) * elapsed_share * 10000 + 0.5) / 10000 as decimal(18, 4)) as plan_to_date,
        case when elapsed_share = 0 then null
             else cast(floor(cast(actual_to_date as double) / elapsed_share * 10000 + 0.5) / 10000 as decimal(18, 4)) end as projected
    from shared
)
select day, month_starts_on as month_on, team, category, currency, plan_month, plan_to_date, actual_to_date,
    actual_to_date - plan_to_date as variance_to_date,
    case when coalesce(kind, 'fixed') = 'fixed' then case when actual_to_date > plan_month then actual_to_date else plan_month end
         when workday_of_month < 3 then null
         else projected end as run_rate_month
from rounded
