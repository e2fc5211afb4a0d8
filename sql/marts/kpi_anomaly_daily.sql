-- One row for each day, account and KPI, compared with the last eight same weekdays. A day is
-- flagged when it is further from their median than 3.5 robust standard deviations: 1.4826 x the
-- median absolute deviation, at least 5 % of the median and, for counts, at least its square root,
-- the spread that chance alone gives. Medians keep one unusual day from hiding the next. Days whose
-- figure still moves (cohorts) wait until it is final.
--
-- 147 days: 91 to judge, each against eight weeks before it.
with daily_totals as (
    select
        kpi_day.day,
        kpi_day.account,
        kpi_day.kpi,
        kpi.shape,
        kpi.divide_by,
        sum(cast(floor(kpi_day.numerator * kpi.divide_by + 0.5) as bigint)) as numerator,
        sum(kpi_day.denominator) as denominator
    from marts.kpi_daily as kpi_day
    join core.dim_kpi as kpi on kpi_day.kpi = kpi.kpi
    join ops.reporting_zone as zone
        on zone.is_main and kpi_day.time_zone = zone.time_zone and kpi_day.day > zone.last_day - 147
            and kpi_day.day <= zone.last_day - cast(kpi.final_after_days as integer)
    group by kpi_day.day, kpi_day.account, kpi_day.kpi, kpi.shape, kpi.divide_by
),

daily_values as (
    select
        day,
        account,
        kpi,
        case
            when shape in ('count', 'level') then cast(numerator as double) / divide_by
            when denominator = 0 then null
            else cast(numerator as double) / divide_by / denominator
        end as value
    from daily_totals
),

compared_days as (
    select
        judged.day,
        judged.account,
        judged.kpi,
        judged.value,
        earlier.value as before
    from daily_values as judged
    join ops.reporting_zone as zone on zone.is_main and judged.day > zone.last_day - 91
    join core.dim_date as judged_date on judged.day = judged_date.day
    join core.dim_date as earlier_date
        on judged_date.weekday = earlier_date.weekday
            and judged.day > earlier_date.day
            and earlier_date.day >= judged.day - 56
    join daily_values as earlier
        on judged.account = earlier.account
            and judged.kpi = earlier.kpi
            and earlier_date.day = earlier.day
    where judged.value is not null and earlier.value is not null
),

ranked_days as (
    select
        day,
        account,
        kpi,
        value,
        before,
        row_number() over (partition by day, account, kpi order by before) as place,
        count(*) over (partition by day, account, kpi) as days_compared
    from compared_days
),

medians as (
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
    from ranked_days
    group by day, account, kpi, value, days_compared
),

ranked_deviations as (
    select
        medians.day,
        medians.account,
        medians.kpi,
        medians.value,
        medians.days_compared,
        medians.median,
        ranked_days.before,
        row_number()
            over (
                partition by medians.day, medians.account, medians.kpi
                order by abs(ranked_days.before - medians.median)
            )
            as place
    from medians
    join ranked_days
        on medians.day = ranked_days.day
            and medians.account = ranked_days.account
            and medians.kpi = ranked_days.kpi
),

median_deviations as (
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
    from ranked_deviations
    group by day, account, kpi, value, days_compared, median
),

-- The least spread keeps quiet KPIs from being flagged for every small change.
spreads as (
    select
        median_deviations.day,
        median_deviations.account,
        median_deviations.kpi,
        median_deviations.value,
        median_deviations.days_compared,
        median_deviations.median,
        1.4826 * median_deviations.deviation as spread,
        case
            when kpi.shape in ('count', 'level')
                and sqrt(abs(median_deviations.median)) > 0.05 * abs(median_deviations.median)
                then sqrt(abs(median_deviations.median))
            else 0.05 * abs(median_deviations.median)
        end as least
    from median_deviations join core.dim_kpi as kpi on median_deviations.kpi = kpi.kpi
    where median_deviations.days_compared >= 5
),

scales as (
    select
        day,
        account,
        kpi,
        value,
        days_compared,
        median,
        case when spread > least then spread else least end as scale
    from spreads
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
from scales
