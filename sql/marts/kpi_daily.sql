-- One row for each KPI, day, time zone and scope, with its name, ratio and target. `every_kpi`
-- stands for the KPIs of sql/marts/kpi, counted by local day. Sums are of whole numbers, so they
-- are the same in whatever order an engine adds them; division comes last.
with parts as (
    select
        every_kpi.day,
        every_kpi.time_zone,
        every_kpi.account,
        coalesce(every_kpi.team_id, 'none') as team_id,
        every_kpi.channel,
        every_kpi.priority,
        every_kpi.kpi,
        definition.unit,
        definition.shape,
        definition.better,
        cast(every_kpi.numerator as double) / definition.divide_by as numerator,
        cast(every_kpi.denominator as double) as denominator
    from every_kpi
    join core.dim_kpi as definition on every_kpi.kpi = definition.kpi
),

kpi_values as (
    select
        parts.day,
        parts.time_zone,
        parts.account,
        parts.team_id,
        team.name as team,
        parts.channel,
        parts.priority,
        parts.kpi,
        parts.unit,
        parts.shape,
        parts.better,
        parts.numerator,
        parts.denominator,
        case
            when parts.shape in ('count', 'level') then parts.numerator
            when parts.denominator = 0 then null
            else parts.numerator / parts.denominator
        end as value
    from parts
    left join staging.known_team as team
        on parts.account = team.account
            and parts.team_id = team.team_id
)

select
    kpi_values.day,
    kpi_values.time_zone,
    kpi_values.account,
    kpi_values.team_id,
    kpi_values.team,
    kpi_values.channel,
    kpi_values.priority,
    kpi_values.kpi,
    kpi_values.unit,
    kpi_values.numerator,
    kpi_values.denominator,
    kpi_values.value,
    coalesce(of_team.target, of_all.target) as target,
    case
        when kpi_values.better = 'higher' and coalesce(of_team.target, of_all.target) <> 0
            then kpi_values.value / coalesce(of_team.target, of_all.target)
        when kpi_values.better = 'lower' and kpi_values.value <> 0
            then coalesce(of_team.target, of_all.target) / kpi_values.value
    end as attainment
from kpi_values
left join core.dim_kpi_target as of_team
    on kpi_values.shape in ('ratio', 'mean', 'level_mean')
        and kpi_values.kpi = of_team.kpi
        and kpi_values.team = of_team.team
        and kpi_values.day >= of_team.valid_from_on
        and kpi_values.day < of_team.valid_until_on
left join core.dim_kpi_target as of_all
    on kpi_values.shape in ('ratio', 'mean', 'level_mean')
        and kpi_values.kpi = of_all.kpi
        and of_all.team = 'all'
        and kpi_values.day >= of_all.valid_from_on
        and kpi_values.day < of_all.valid_until_on
