select
    years.fiscal_year,
    sum(years.outlook) as outlook,
    sum(years.plan_year) as plan,
    max(settings.currency) as currency
from marts.budget_year as years
cross join ops.reporting_setting as settings
where years.fiscal_year = (select max(latest.fiscal_year) from marts.budget_year as latest)
group by years.fiscal_year
