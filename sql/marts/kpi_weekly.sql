-- Sums of the days' whole numerators (seconds, counts) and denominators, divided last, so that no
-- order of adding matters. Levels (backlog) are those of the period's last day.
with days as (
    select
        k.week_starts_on,
        d.time_zone,
        max(d.day) as last_day,
        count(distinct d.day) as days_count
    from (
        select distinct
            day,
            time_zone
        from marts.kpi_daily
    ) as d
    join core.dim_date as k on d.day = k.day
    group by k.week_starts_on, d.time_zone
),

summed as (
    select
        c.week_starts_on,
        k.time_zone,
        k.account,
        k.team_id,
        k.team,
        k.channel,
        k.priority,
        k.kpi,
        k.unit,
        n.shape,
        n.divide_by,
        p.days_count,
        sum(case
            when n.shape in ('level', 'level_mean') and k.day <> p.last_day then 0
            else cast(floor(k.numerator * n.divide_by + 0.5) as bigint)
        end) as numerator,
        sum(
            case
                when n.shape in ('level', 'level_mean') and k.day <> p.last_day then 0
                else k.denominator
            end
        ) as denominator
    from marts.kpi_daily as k
    join core.dim_date as c on k.day = c.day
    join core.dim_kpi as n on k.kpi = n.kpi
    join days as p on c.week_starts_on = p.week_starts_on and k.time_zone = p.time_zone
    group by
        c.week_starts_on,
        k.time_zone,
        k.account,
        k.team_id,
        k.team,
        k.channel,
        k.priority,
        k.kpi,
        k.unit,
        n.shape,
        n.divide_by,
        p.days_count
)

select
    week_starts_on,
    time_zone,
    account,
    team_id,
    team,
    channel,
    priority,
    kpi,
    unit,
    days_count,
    cast(numerator as double) / divide_by as numerator,
    denominator,
    case
        when shape in ('count', 'level') then cast(numerator as double) / divide_by
        when denominator = 0 then null
        else cast(numerator as double) / divide_by / denominator
    end as value
from summed
where numerator <> 0 or denominator <> 0
