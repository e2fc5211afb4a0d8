select
    variances.month_on,
    variances.team,
    variances.plan,
    variances.actual,
    variances.volume,
    variances.mix,
    variances.efficiency,
    variances.rate,
    variances.other,
    variances.fx,
    variances.total,
    settings.currency
from marts.budget_variance_monthly as variances
cross join ops.reporting_setting as settings
where
    variances.month_on >= (
        select max(complete.month_on)
        from marts.budget_variance_monthly as complete
        where complete.is_complete
    )
order by
    variances.month_on,
    variances.team
