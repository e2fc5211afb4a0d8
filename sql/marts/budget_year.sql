-- Where the fiscal year ends, by three methods, as of the last complete day. Variable lines: by work days. Fixed ones are due on
-- the first of the month; what is not posted yet is still to come. The third pays for the
-- people that the forecast asks for, whether they can be had or not, so the official outlook is the first.
with today as (
    select p.last_day, d.fiscal_year, d.month_starts_on, d.workday_of_month, d.workdays_in_month
    from ops.reporting_zone as p join core.dim_date as d on d.day = p.last_day where p.is_main
),
spent as (
    select c.fiscal_year, c.team, c.category, min(c.posted_on) as first_on, sum(c.amount_reporting) as actual,
        sum(case when c.month_on = t.month_starts_on then c.amount_reporting else 0 end) as actual_of_month
    from core.fct_cost as c cross join today as t where c.posted_on <= t.last_day and c.fiscal_year <= t.fiscal_year
    group by c.fiscal_year, c.team, c.category
),
planned as (
    select b.fiscal_year, b.team, b.category, min(b.kind) as kind, sum(b.amount_reporting) as plan_year,
        sum(case when b.month_on > t.month_starts_on then b.amount_reporting else 0 end) as plan_later,
        sum(case when b.month_on = t.month_starts_on then b.amount_reporting else 0 end) as plan_of_month
    from core.fct_budget_line as b cross join today as t where b.fiscal_year <= t.fiscal_year group by b.fiscal_year, b.team, b.category
),
lines as (
    select fiscal_year, team, category from spent union select fiscal_year, team, category from planned
),
days_left as (
    select d.fiscal_year, count(*) as workdays_left from core.dim_date as d cross join today as t
    where d.is_workday and d.day > t.last_day group by d.fiscal_year
),
days_done as (
    select s.fiscal_year, s.team, s.category, count(*) as workdays_done from spent as s
    join core.dim_date as d on d.fiscal_year = s.fiscal_year and d.day >= s.first_on and d.is_workday
    cross join today as t where d.day <= t.last_day group by s.fiscal_year, s.team, s.category
),
needed as (
    select n.month_on, n.team, sum(n.need_fte) as fte from marts.headcount_plan_monthly as n group by n.month_on, n.team
),
people as (
    select m.fiscal_year, h.team,
        sum(coalesce(n.fte, h.fte) * h.monthly_cost * case when h.month_on > t.month_starts_on then cast(1 as double)
            when t.workdays_in_month = 0 then cast(0 as double)
            else cast(t.workdays_in_month - t.workday_of_month as double) / t.workdays_in_month end) as cost_left
    from (select month_on, team, sum(fte) as fte, max(monthly_cost) as monthly_cost from source.headcount_plan group by month_on, team) as h
    join (select month_starts_on, max(fiscal_year) as fiscal_year from core.dim_date group by month_starts_on) as m on m.month_starts_on = h.month_on
    cross join today as t
    left join needed as n on n.team = h.team and n.month_on = h.month_on
    where h.month_on >= t.month_starts_on and h.monthly_cost is not null and coalesce(n.fte, h.fte) is not null
    group by m.fiscal_year, h.team
),
placed as (
    select l.fiscal_year, l.team, l.category, t.last_day, coalesce(p.kind, 'fixed') as kind, coalesce(p.plan_year, 0) as plan_year, coalesce(s.actual, 0) as actual,
        coalesce(d.workdays_done, 0) as workdays_done, coalesce(e.workdays_left, 0) as workdays_left, q.cost_left,
        case when l.fiscal_year < t.fiscal_year then cast(0 as double)
             when p.kind = 'variable' then cast(coalesce(p.plan_later, 0) as double) + cast(coalesce(p.plan_of_month, 0) as double)
                 * case when t.workdays_in_month = 0 then cast(0 as double) else cast(t.workdays_in_month - t.workday_of_month as double) / t.workdays_in_month end
             else cast(coalesce(p.plan_later, 0) as double)
                 + greatest(cast(coalesce(p.plan_of_month, 0) as double) - cast(coalesce(s.actual_of_month, 0) as double), cast(0 as double)) end as plan_left
    from lines as l
    cross join today as t
    left join planned as p on p.fiscal_year = l.fiscal_year and p.team = l.team and p.category = l.category
    left join spent as s on s.fiscal_year = l.fiscal_year and s.team = l.team and s.category = l.category
    left join days_left as e on e.fiscal_year = l.fiscal_year
    left join days_done as d on d.fiscal_year = l.fiscal_year and d.team = l.team and d.category = l.category
    left join people as q on q.fiscal_year = l.fiscal_year and q.team = l.team and l.category = 'labour'
),
shown as (
    select fiscal_year, team, category, kind, last_day as as_of_day, cast(plan_year as decimal(18, 4)) as plan_year, cast(actual as decimal(18, 4)) as actual_to_date,
        workdays_done, workdays_left,
        cast(floor(plan_left * 10000 + 0.5) / 10000 as decimal(18, 4)) as plan_left,
        case when kind <> 'variable' then cast(floor(plan_left * 10000 + 0.5) / 10000 as decimal(18, 4))
             when workdays_done < 10 then null
             else cast(floor(cast(actual as double) / workdays_done * workdays_left * 10000 + 0.5) / 10000 as decimal(18, 4)) end as run_rate_left,
        case when cost_left is not null and workdays_left > 0 then cast(floor(cost_left * 10000 + 0.5) / 10000 as decimal(18, 4)) end as people_left
    from placed
)
select fiscal_year, team, category, kind, as_of_day, plan_year, actual_to_date, plan_left, workdays_done, workdays_left,
    actual_to_date + plan_left as year_end_plan, actual_to_date + run_rate_left as year_end_run_rate, actual_to_date + people_left as year_end_people,
    actual_to_date + plan_left as outlook, 'plan' as outlook_method, actual_to_date + plan_left - plan_year as outlook_variance
from shown
