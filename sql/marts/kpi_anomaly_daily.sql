-- One row for each day, account and KPI, compared with the last eight same weekdays. A day is
-- flagged when it has enough cases to judge and is further from their median than 3.5 robust
-- standard deviations: 1.4826 x the median absolute deviation, at least 5 % of the median and at
-- least the spread that chance alone gives. Medians keep one unusual day from hiding the next. Days
-- whose figure still moves (cohorts) wait until it is final. sql/DECISIONS.md has the reasons.
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
        end as value,
        numerator,
        case
            when shape in ('count', 'level') then abs(cast(numerator as double) / divide_by)
            else denominator
        end as cases
    from daily_totals
),

compared_days as (
    select
        judged.day,
        judged.account,
        judged.kpi,
        judged.value,
        judged.numerator,
        judged.cases,
        earlier.value as before,
        earlier.numerator as numerator_before,
        earlier.cases as cases_before
    from daily_values as judged
    join ops.reporting_zone as zone on zone.is_main and judged.day > zone.last_day - 91
    join staging.known_day as judged_date on judged.day = judged_date.day
    join staging.known_day as earlier_date
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
        numerator,
        cases,
        before,
        numerator_before,
        cases_before,
        row_number() over (partition by day, account, kpi order by before) as place,
        row_number() over (partition by day, account, kpi order by cases_before) as cases_place,
        count(*) over (partition by day, account, kpi) as days_compared
    from compared_days
),

medians as (
    select
        day,
        account,
        kpi,
        value,
        numerator,
        cases,
        days_compared,
        max(
            case
                when place = cast(floor(cast(days_compared + 1 as double) / 2) as bigint)
                    then before
            end
        ) as median,
        max(
            case
                when cases_place = cast(floor(cast(days_compared + 1 as double) / 2) as bigint)
                    then cases_before
            end
        ) as usual_cases,
        case
            when sum(cases_before) > 0
                then cast(sum(numerator_before) as double) / sum(cases_before)
        end as scaled_rate
    from ranked_days
    group by day, account, kpi, value, numerator, cases, days_compared
),

ranked_deviations as (
    select
        medians.day,
        medians.account,
        medians.kpi,
        medians.value,
        medians.numerator,
        medians.cases,
        medians.days_compared,
        medians.median,
        medians.usual_cases,
        medians.scaled_rate,
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
        numerator,
        cases,
        days_compared,
        median,
        usual_cases,
        scaled_rate,
        max(
            case
                when place = cast(floor(cast(days_compared + 1 as double) / 2) as bigint)
                    then abs(before - median)
            end
        ) as deviation
    from ranked_deviations
    group by
        day,
        account,
        kpi,
        value,
        numerator,
        cases,
        days_compared,
        median,
        usual_cases,
        scaled_rate
),

-- `rate` is that of the compared days together, where the value is a share of the cases.
shaped_days as (
    select
        deviations.day,
        deviations.account,
        deviations.kpi,
        deviations.value,
        cast(deviations.numerator as double) / kpi.divide_by as hits,
        deviations.cases,
        deviations.days_compared,
        deviations.median,
        deviations.usual_cases,
        deviations.deviation,
        case
            when kpi.shape in ('count', 'level') then 'count'
            when kpi.unit not like 'share%' then 'mean'
            when deviations.scaled_rate >= 0 and deviations.scaled_rate <= kpi.divide_by
                then 'share'
            else 'mean'
        end as kind,
        deviations.scaled_rate / kpi.divide_by as rate
    from median_deviations as deviations join core.dim_kpi as kpi on deviations.kpi = kpi.kpi
    where deviations.days_compared >= 5
),

-- What chance alone gives: a count varies by its square root, a share as drawn cases do, a mean of
-- waits by itself over the square root of the cases. A mean of fewer cases than usual varies more.
spreads as (
    select
        day,
        account,
        kpi,
        value,
        cases,
        days_compared,
        median,
        usual_cases,
        case
            when kind = 'mean' and cases < usual_cases
                then 1.4826 * deviation * sqrt(cast(usual_cases as double) / cases)
            else 1.4826 * deviation
        end as spread,
        0.05 * abs(median) as least,
        case
            when kind = 'share' then sqrt(rate * (1 - rate) / cases)
            when kind = 'mean' then abs(median) / sqrt(cases)
            when abs(median) > 1 and abs(median) >= usual_cases then sqrt(abs(median))
            when usual_cases > 1 then sqrt(usual_cases)
            else 1
        end as chance,
        case
            when kind = 'count' then cases >= 5 or usual_cases >= 5
            when kind = 'mean'
                then cases >= 10 and usual_cases >= 10 and (median <> 0 or deviation > 0)
            else (hits >= 5 or rate * cases >= 5)
                and (cases - hits >= 5 or (1 - rate) * cases >= 5)
        end as is_judged
    from shaped_days
),

scales as (
    select
        day,
        account,
        kpi,
        value,
        cases,
        days_compared,
        median,
        usual_cases,
        is_judged,
        case
            when spread >= least and spread >= chance then spread
            when least >= chance then least
            else chance
        end as scale
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
    cases as cases_count,
    usual_cases as usual_cases_count,
    is_judged,
    case when scale = 0 then null else (value - median) / scale end as score,
    is_judged and abs(value - median) > 3.5 * scale as is_anomaly
from scales
