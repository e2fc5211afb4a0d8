select
    cast(years.fiscal_year as varchar) as fiscal_year,
    years.team,
    years.category,
    years.plan_year,
    years.actual_to_date,
    years.year_end_plan,
    years.year_end_run_rate,
    years.year_end_drivers,
    years.outlook,
    years.outlook_variance,
    settings.currency
from marts.budget_year as years
cross join ops.reporting_setting as settings
where years.fiscal_year = (select max(latest.fiscal_year) from marts.budget_year as latest)
order by
    years.team,
    years.category
