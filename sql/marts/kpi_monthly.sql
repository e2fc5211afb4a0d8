-- One row for each month, scope and KPI. Whole numerators (seconds, counts) and denominators are
-- summed and divided last, so the order of addition does not matter. Levels (backlog) are those of
-- the period's last day. Counts and levels have no denominator.
with month_days as (
    select
        calendar.month_starts_on,
        reported_days.time_zone,
        max(reported_days.day) as last_day,
        count(distinct reported_days.day) as days_count
    from (
        select distinct
            day,
            time_zone
        from marts.kpi_daily
    ) as reported_days
    join staging.known_day as calendar on reported_days.day = calendar.day
    group by calendar.month_starts_on, reported_days.time_zone
),

month_sums as (
    select
        calendar.month_starts_on,
        kpi_day.time_zone,
        kpi_day.account,
        kpi_day.team_id,
        kpi_day.team,
        kpi_day.channel,
        kpi_day.priority,
        kpi_day.kpi,
        kpi_day.unit,
        kpi.shape,
        kpi.divide_by,
        month_days.days_count,
        sum(case
            when kpi.shape in ('level', 'level_mean') and kpi_day.day <> month_days.last_day then 0
            else cast(floor(kpi_day.numerator * kpi.divide_by + 0.5) as bigint)
        end) as numerator,
        sum(
            case
                when kpi.shape = 'level_mean' and kpi_day.day <> month_days.last_day then 0
                else kpi_day.denominator
            end
        ) as denominator
    from marts.kpi_daily as kpi_day
    join staging.known_day as calendar on kpi_day.day = calendar.day
    join core.dim_kpi as kpi on kpi_day.kpi = kpi.kpi
    join month_days
        on calendar.month_starts_on = month_days.month_starts_on
            and kpi_day.time_zone = month_days.time_zone
    group by
        calendar.month_starts_on,
        kpi_day.time_zone,
        kpi_day.account,
        kpi_day.team_id,
        kpi_day.team,
        kpi_day.channel,
        kpi_day.priority,
        kpi_day.kpi,
        kpi_day.unit,
        kpi.shape,
        kpi.divide_by,
        month_days.days_count
)

select
    month_starts_on,
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
from month_sums
where shape = 'count' or numerator <> 0 or denominator <> 0
