-- One row for each KPI, team and day from which a target holds. A target ends where the next
-- begins.
select
    kpi_target.kpi,
    coalesce(kpi_target.team, 'all') as team,
    kpi_target.valid_from_on,
    coalesce(
        lead(kpi_target.valid_from_on)
            over (
                partition by kpi_target.kpi, coalesce(kpi_target.team, 'all')
                order by kpi_target.valid_from_on
            ),
        date '2200-01-01'
    ) as valid_until_on,
    kpi_target.target
from source.kpi_target as kpi_target
