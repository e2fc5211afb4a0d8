-- One row for each KPI of tickets, day, time zone, account, slice and value. `every_ticket_kpi`
-- stands for the KPIs of sql/marts/kpi that name their tickets, by local day and ticket, and
-- `kpi_numbers` for their numbers. Many more rows are summed than there are tickets: grouped by
-- numbers, that is several times as fast as by texts. Sums are of whole numbers; division comes
-- last.
with account_slices as (
    select
        account,
        name as slice,
        coalesce(kind = 'many', false) as is_many
    from ops.account_field
    where is_slice
),

accounts as (
    select
        account,
        cast(row_number() over (order by account) as integer) as account_number
    from (
        select distinct account
        from account_slices
    ) as sliced_accounts
),

zones as (
    select
        time_zone,
        last_day,
        cast(row_number() over (order by time_zone) as integer) as zone_number
    from ops.reporting_zone
),

slice_values as (
    select
        slice,
        slice_value,
        cast(row_number() over (order by slice, slice_value) as integer) as value_number
    from (
        select
            slice,
            slice_value
        from core.dim_slice_value
        union
        select
            slice,
            'none'
        from account_slices
    ) as named_values
),

-- Several rare values of a ticket are one other value.
tickets as (
    select
        accounts.account_number,
        field.ticket_id,
        array_agg(distinct slice_values.value_number) as value_numbers
    from core.bridge_ticket_field as field
    join accounts on field.account = accounts.account
    join core.dim_slice_value as named_value
        on field.name = named_value.slice and field.value = named_value.value
    join slice_values
        on named_value.slice = slice_values.slice
            and named_value.slice_value = slice_values.slice_value
    where field.is_slice
    group by accounts.account_number, field.ticket_id
),

-- What belongs to no ticket, or to one that is not there, has no value of any field.
without_ticket as (
    select
        accounts.account_number,
        array_agg(slice_values.value_number) as value_numbers
    from account_slices
    join accounts on account_slices.account = accounts.account
    join slice_values
        on account_slices.slice = slice_values.slice and slice_values.slice_value = 'none'
    group by accounts.account_number
),

valued_figures as (
    select
        figure.kpi_number,
        figure.day,
        figure.zone_number,
        figure.account_number,
        figure.numerator,
        figure.denominator,
        unnest(coalesce(tickets.value_numbers, without_ticket.value_numbers)) as value_number
    from every_ticket_kpi as figure
    join without_ticket on figure.account_number = without_ticket.account_number
    left join tickets
        on figure.account_number = tickets.account_number
            and figure.ticket_id = tickets.ticket_id
),

totals as (
    select
        kpi_number,
        day,
        zone_number,
        account_number,
        value_number,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from valued_figures
    group by kpi_number, day, zone_number, account_number, value_number
),

figures as (
    select
        totals.day,
        zones.time_zone,
        accounts.account,
        slice_values.slice,
        slice_values.slice_value,
        account_slices.is_many,
        definition.kpi,
        definition.shape,
        cast(totals.numerator as double) / definition.divide_by as numerator,
        cast(totals.denominator as double) as denominator
    from totals
    join kpi_numbers on totals.kpi_number = kpi_numbers.kpi_number
    join core.dim_kpi as definition on kpi_numbers.kpi = definition.kpi
    join zones on totals.zone_number = zones.zone_number
    join accounts on totals.account_number = accounts.account_number
    join slice_values on totals.value_number = slice_values.value_number
    join account_slices
        on accounts.account = account_slices.account and slice_values.slice = account_slices.slice
)

select
    day,
    time_zone,
    account,
    slice,
    slice_value,
    kpi,
    is_many,
    numerator,
    denominator,
    case
        when shape in ('count', 'level') then numerator
        when denominator = 0 then null
        else numerator / denominator
    end as value
from figures
