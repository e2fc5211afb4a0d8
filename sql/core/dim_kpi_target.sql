select
    t.kpi,
    coalesce(t.team, 'all') as team,
    t.valid_from_on,
    coalesce(
        lead(t.valid_from_on)
            over (partition by t.kpi, coalesce(t.team, 'all') order by t.valid_from_on),
        date '2200-01-01'
    ) as valid_until_on,
    t.target
from source.kpi_target as t
