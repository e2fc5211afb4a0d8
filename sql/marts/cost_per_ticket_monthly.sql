-- One row for each month, team and currency: cost per ticket opened and per ticket solved.
with monthly_costs as (
    select
        cost.month_on as month_starts_on,
        cost.team,
        cost.currency,
        sum(cost.amount) as cost
    from core.fct_cost as cost
    join ops.reporting_zone as zone on zone.is_main and cost.accrued_on <= zone.last_day
    group by cost.month_on, cost.team, cost.currency
),

opened_tickets as (
    select
        calendar.month_starts_on,
        team.name as team,
        count(*) as tickets
    from core.fct_ticket as ticket
    join staging.known_day as calendar on ticket.created_on = calendar.day
    join
        staging.known_team as team
        on ticket.account = team.account and ticket.team_id = team.team_id
    where not ticket.is_excluded
    group by calendar.month_starts_on, team.name
),

solved_tickets as (
    select
        calendar.month_starts_on,
        team.name as team,
        count(*) as tickets
    from core.fct_ticket as ticket
    join staging.known_day as calendar on ticket.solved_on = calendar.day
    join
        staging.known_team as team
        on ticket.account = team.account and ticket.team_id = team.team_id
    where not ticket.is_excluded
    group by calendar.month_starts_on, team.name
)

select
    monthly_costs.month_starts_on,
    monthly_costs.team,
    monthly_costs.currency,
    monthly_costs.cost,
    coalesce(opened_tickets.tickets, 0) as tickets_created_count,
    coalesce(solved_tickets.tickets, 0) as tickets_solved_count,
    case
        when coalesce(opened_tickets.tickets, 0) = 0 then null
        else cast(
                floor(cast(monthly_costs.cost as double) / opened_tickets.tickets * 10000 + 0.5)
                / 10000 as decimal(18, 4)
            )
    end as cost_per_ticket,
    case
        when coalesce(solved_tickets.tickets, 0) = 0 then null
        else cast(
                floor(cast(monthly_costs.cost as double) / solved_tickets.tickets * 10000 + 0.5)
                / 10000 as decimal(18, 4)
            )
    end as cost_per_resolution
from monthly_costs
left join opened_tickets
    on monthly_costs.month_starts_on = opened_tickets.month_starts_on
        and monthly_costs.team = opened_tickets.team
left join solved_tickets
    on monthly_costs.month_starts_on = solved_tickets.month_starts_on
        and monthly_costs.team = solved_tickets.team
