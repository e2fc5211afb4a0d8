-- A day against the last eight same weekdays: it is flagged when it lies further from their median
-- than 3.5 robust standard deviations: 1.4826 x the median absolute deviation, at least 5 % of the
-- median and, for counts, at least its square root, the spread that chance alone gives. Robust: one
-- odd day does not hide the next. Days whose figure still moves (cohorts) wait until it is final.
with totals as (
    select
        d.day,
        d.account,
        d.kpi,
        k.shape,
        k.divide_by,
        sum(cast(floor(d.numerator * k.divide_by + 0.5) as bigint)) as numerator,
        sum(d.denominator) as denominator
    from marts.kpi_daily as d
    join core.dim_kpi as k on d.kpi = k.kpi
    join ops.reporting_zone as z
        on z.is_main and d.time_zone = z.time_zone and d.day > z.last_day - 147
            and d.day <= z.last_day - cast(k.final_after_days as integer)
    group by d.day, d.account, d.kpi, k.shape, k.divide_by
),

valued as (
    select
        day,
        account,
        kpi,
        case
            when shape in ('count', 'level') then cast(numerator as double) / divide_by
            when denominator = 0 then null
            else cast(numerator as double) / divide_by / denominator
        end as value
    from totals
),

pairs as (
    select
        v.day,
        v.account,
        v.kpi,
        v.value,
        h.value as before
    from valued as v
    join ops.reporting_zone as z on z.is_main and v.day > z.last_day - 91
    join core.dim_date as d on v.day = d.day
    join core.dim_date as e on d.weekday = e.weekday and v.day > e.day and e.day >= v.day - 56
    join valued as h on v.account = h.account and v.kpi = h.kpi and e.day = h.day
    where v.value is not null and h.value is not null
),

placed as (
    select
        day,
        account,
        kpi,
        value,
        before,
        row_number() over (partition by day, account, kpi order by before) as place,
        count(*) over (partition by day, account, kpi) as days_compared
    from pairs
),

middle as (
    select
        day,
        account,
        kpi,
        value,
        days_compared,
        max(
            case
                when place = cast(floor(cast(days_compared + 1 as double) / 2) as bigint)
                    then before
            end
        ) as median
    from placed
    group by day, account, kpi, value, days_compared
),

apart as (
    select
        m.day,
        m.account,
        m.kpi,
        m.value,
        m.days_compared,
        m.median,
        p.before,
        row_number()
            over (partition by m.day, m.account, m.kpi order by abs(p.before - m.median))
            as place
    from middle as m join placed as p on m.day = p.day and m.account = p.account and m.kpi = p.kpi
),

spread as (
    select
        day,
        account,
        kpi,
        value,
        days_compared,
        median,
        max(
            case
                when place = cast(floor(cast(days_compared + 1 as double) / 2) as bigint)
                    then abs(before - median)
            end
        ) as deviation
    from apart
    group by day, account, kpi, value, days_compared, median
),

floored as (
    select
        s.day,
        s.account,
        s.kpi,
        s.value,
        s.days_compared,
        s.median,
        1.4826 * s.deviation as spread,
        case
            when k.shape in ('count', 'level') and sqrt(abs(s.median)) > 0.05 * abs(s.median)
                then sqrt(abs(s.median))
            else 0.05 * abs(s.median)
        end as least
    from spread as s join core.dim_kpi as k on s.kpi = k.kpi
    where s.days_compared >= 5
),

scaled as (
    select
        day,
        account,
        kpi,
        value,
        days_compared,
        median,
        case when spread > least then spread else least end as scale
    from floored
)

select
    day,
    account,
    kpi,
    value,
    median as usual_value,
    median - 3.5 * scale as usual_low,
    median + 3.5 * scale as usual_high,
    days_compared,
    case when scale = 0 then null else (value - median) / scale end as score,
    abs(value - median) > 3.5 * scale as is_anomaly
from scaled
