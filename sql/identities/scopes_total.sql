-- Tickets created and solved over all teams, channels and priorities match the fact table.
with kpi_totals as (
    select
        kpi,
        time_zone,
        account,
        sum(numerator) as amount
    from marts.kpi_daily
    where kpi in ('tickets_created', 'tickets_solved')
    group by kpi, time_zone, account
),

ticket_moments as (
    select
        'tickets_created' as kpi,
        account,
        created_at as happened_at
    from core.fct_ticket
    where not is_excluded
    union all
    select
        'tickets_solved',
        account,
        solved_at
    from core.fct_ticket
    where not is_excluded and solved_at is not null
),

fact_totals as (
    select
        ticket_moments.kpi,
        zone.time_zone,
        ticket_moments.account,
        cast(count(*) as double) as amount
    from ticket_moments cross join ops.reporting_zone as zone
    where cast(ticket_moments.happened_at at time zone zone.time_zone as date) <= zone.last_day
    group by ticket_moments.kpi, zone.time_zone, ticket_moments.account
)

select
    coalesce(kpi_totals.kpi, fact_totals.kpi)
    || ' '
    || coalesce(kpi_totals.time_zone, fact_totals.time_zone)
    || ' '
    || coalesce(kpi_totals.account, fact_totals.account) as place,
    coalesce(kpi_totals.amount, 0) as found,
    coalesce(fact_totals.amount, 0) as expected
from kpi_totals
full join fact_totals
    on kpi_totals.kpi = fact_totals.kpi
        and kpi_totals.time_zone = fact_totals.time_zone
        and kpi_totals.account = fact_totals.account
where coalesce(kpi_totals.amount, 0) <> coalesce(fact_totals.amount, 0)
