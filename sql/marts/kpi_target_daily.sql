-- One row for each day, team (and all teams of an account) and KPI that has a target, against the
-- target that holds on the day.
with whole_kpis as (
    select
        kpi_day.day,
        kpi_day.time_zone,
        kpi_day.account,
        coalesce(kpi_day.team, 'none') as team,
        kpi_day.kpi,
        cast(floor(kpi_day.numerator * kpi.divide_by + 0.5) as bigint) as numerator,
        kpi_day.denominator
    from marts.kpi_daily as kpi_day join core.dim_kpi as kpi on kpi_day.kpi = kpi.kpi
    where kpi_day.kpi in (select kpi_target.kpi from core.dim_kpi_target as kpi_target)
),

team_totals as (
    select
        day,
        time_zone,
        account,
        team,
        kpi,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from whole_kpis
    group by day, time_zone, account, team, kpi
    union all
    select
        day,
        time_zone,
        account,
        'all',
        kpi,
        sum(numerator),
        sum(denominator)
    from whole_kpis
    group by day, time_zone, account, kpi
),

valued_totals as (
    select
        team_totals.day,
        team_totals.time_zone,
        team_totals.account,
        team_totals.team,
        team_totals.kpi,
        kpi.better,
        cast(team_totals.numerator as double) / kpi.divide_by as numerator,
        team_totals.denominator,
        case
            when kpi.shape in ('count', 'level')
                then cast(team_totals.numerator as double) / kpi.divide_by
            when team_totals.denominator = 0 then null
            else cast(team_totals.numerator as double) / kpi.divide_by / team_totals.denominator
        end as value,
        kpi_target.target
    from team_totals
    join core.dim_kpi as kpi on team_totals.kpi = kpi.kpi
    join core.dim_kpi_target as kpi_target
        on team_totals.kpi = kpi_target.kpi
            and team_totals.team = kpi_target.team
            and team_totals.day >= kpi_target.valid_from_on
            and team_totals.day < kpi_target.valid_until_on
)

select
    day,
    time_zone,
    account,
    team,
    kpi,
    numerator,
    denominator,
    value,
    target,
    case
        when better = 'higher' and target <> 0 then value / target
        when better = 'lower' and value <> 0 then target / value
    end as attainment,
    case
        when value is null or better = 'neutral' then null
        when better = 'higher' then value >= target
        else value <= target
    end as is_met
from valued_totals
