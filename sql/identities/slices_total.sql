-- Over the values of a field with one value per ticket, each day's KPIs equal marts.kpi_daily.
with account_slices as (
    select
        account,
        name as slice
    from ops.account_field
    where is_slice and coalesce(kind, 'text') <> 'many'
),

kpi_totals as (
    select
        kpi_day.kpi,
        kpi_day.day,
        kpi_day.time_zone,
        kpi_day.account,
        sum(cast(floor(kpi_day.numerator * kpi.divide_by + 0.5) as bigint)) as numerator,
        sum(coalesce(kpi_day.denominator, 0)) as denominator
    from marts.kpi_daily as kpi_day
    join core.dim_kpi as kpi on kpi_day.kpi = kpi.kpi and kpi.has_slices
    where kpi_day.account in (select account_slices.account from account_slices)
    group by kpi_day.kpi, kpi_day.day, kpi_day.time_zone, kpi_day.account
),

expected_totals as (
    select
        kpi_totals.kpi,
        kpi_totals.day,
        kpi_totals.time_zone,
        kpi_totals.account,
        account_slices.slice,
        kpi_totals.numerator,
        kpi_totals.denominator
    from kpi_totals join account_slices on kpi_totals.account = account_slices.account
),

slice_totals as (
    select
        slice_day.kpi,
        slice_day.day,
        slice_day.time_zone,
        slice_day.account,
        slice_day.slice,
        sum(cast(floor(slice_day.numerator * kpi.divide_by + 0.5) as bigint)) as numerator,
        sum(coalesce(slice_day.denominator, 0)) as denominator
    from marts.kpi_slice_daily as slice_day
    join core.dim_kpi as kpi on slice_day.kpi = kpi.kpi
    where not slice_day.is_many
    group by
        slice_day.kpi,
        slice_day.day,
        slice_day.time_zone,
        slice_day.account,
        slice_day.slice
)

select
    coalesce(expected.kpi, found.kpi)
    || ' '
    || cast(coalesce(expected.day, found.day) as varchar)
    || ' '
    || coalesce(expected.time_zone, found.time_zone)
    || ' '
    || coalesce(expected.account, found.account)
    || ' by '
    || coalesce(expected.slice, found.slice) as place,
    case
        when coalesce(found.numerator, 0) <> coalesce(expected.numerator, 0)
            then coalesce(found.numerator, 0)
        else coalesce(found.denominator, 0)
    end as found,
    case
        when coalesce(found.numerator, 0) <> coalesce(expected.numerator, 0)
            then coalesce(expected.numerator, 0)
        else coalesce(expected.denominator, 0)
    end as expected
from expected_totals as expected
full join slice_totals as found
    on expected.kpi = found.kpi
        and expected.day = found.day
        and expected.time_zone = found.time_zone
        and expected.account = found.account
        and expected.slice = found.slice
where coalesce(found.numerator, 0) <> coalesce(expected.numerator, 0)
    or coalesce(found.denominator, 0) <> coalesce(expected.denominator, 0)
