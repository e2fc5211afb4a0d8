select
    years.fiscal_year,
    sum(years.outlook) as outlook,
    sum(case when years.outlook is not null then years.plan_year end) as plan,
    max(settings.currency) as currency,
    cast(sum(years.plan_lines_without_rate) as bigint) as plan_lines_without_rate,
    cast(sum(years.costs_without_rate) as bigint) as costs_without_rate
from marts.budget_year as years
cross join ops.reporting_setting as settings
where years.fiscal_year = (select max(latest.fiscal_year) from marts.budget_year as latest)
group by years.fiscal_year
