-- Totals per team and over all teams of an account, against the targets that hold on the day.
with whole as (
    select
        d.day,
        d.time_zone,
        d.account,
        coalesce(d.team, 'none') as team,
        d.kpi,
        cast(floor(d.numerator * k.divide_by + 0.5) as bigint) as numerator,
        d.denominator
    from marts.kpi_daily as d join core.dim_kpi as k on d.kpi = k.kpi
    where d.kpi in (select g.kpi from core.dim_kpi_target as g)
),

teams as (
    select
        day,
        time_zone,
        account,
        team,
        kpi,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from whole
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
    from whole
    group by day, time_zone, account, kpi
),

valued as (
    select
        t.day,
        t.time_zone,
        t.account,
        t.team,
        t.kpi,
        k.better,
        cast(t.numerator as double) / k.divide_by as numerator,
        t.denominator,
        case
            when k.shape in ('count', 'level') then cast(t.numerator as double) / k.divide_by
            when t.denominator = 0 then null
            else cast(t.numerator as double) / k.divide_by / t.denominator
        end as value,
        g.target
    from teams as t
    join core.dim_kpi as k on t.kpi = k.kpi
    join core.dim_kpi_target as g
        on t.kpi = g.kpi
            and t.team = g.team
            and t.day >= g.valid_from_on
            and t.day < g.valid_until_on
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
from valued
