-- One row for each month and account: tickets opened per customer known by then.
with months as (
    select distinct calendar.month_starts_on
    from staging.known_day as calendar
    join ops.reporting_zone as zone on zone.is_main and calendar.day <= zone.last_day
),

known_customers as (
    select
        months.month_starts_on,
        customer.account,
        count(*) as customers_count
    from months
    join staging.known_day as calendar
        on calendar.day_of_month = 1
            and months.month_starts_on < calendar.day
            and calendar.day <= months.month_starts_on + 31
    join staging.known_customer as customer
        on customer.created_at is null or cast(customer.created_at as date) < calendar.day
    group by months.month_starts_on, customer.account
),

opened_tickets as (
    select
        calendar.month_starts_on,
        ticket.account,
        count(*) as tickets_count
    from core.fct_ticket as ticket
    join staging.known_day as calendar on ticket.created_on = calendar.day
    where not ticket.is_excluded
    group by calendar.month_starts_on, ticket.account
)

select
    known_customers.month_starts_on,
    known_customers.account,
    coalesce(opened_tickets.tickets_count, 0) as tickets_count,
    known_customers.customers_count,
    cast(coalesce(opened_tickets.tickets_count, 0) as double)
    / known_customers.customers_count as contact_rate
from known_customers
left join opened_tickets
    on known_customers.month_starts_on = opened_tickets.month_starts_on
        and known_customers.account = opened_tickets.account
