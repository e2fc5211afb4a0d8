-- One row for each day, team and channel: the team's cost of the month so far, split over channels
-- by the handle time of their solved tickets. Tickets without a handle time count with the team's
-- mean; while nothing is solved, opened tickets count. The parts are differences of rounded sums,
-- so they add up. Costs without an exchange rate are left out, and their number is said.
with missing_rates as (
    select
        cost.month_on,
        cost.team,
        count(*) as costs
    from core.fct_cost as cost
    join ops.reporting_zone as zone on zone.is_main and cost.accrued_on <= zone.last_day
    where cost.amount_reporting is null
    group by cost.month_on, cost.team
),

cost_months as (
    select
        month_on,
        team
    from core.fct_cost
    where amount_reporting is not null
    group by month_on, team
),

daily_costs as (
    select
        team,
        accrued_on as day,
        sum(case when category = 'labour' then amount_reporting else 0 end) as labour,
        sum(case when category <> 'labour' then amount_reporting else 0 end) as other
    from core.fct_cost
    where amount_reporting is not null
    group by team, accrued_on
),

ticket_moments as (
    select
        team.name as team,
        coalesce(ticket.channel, 'other') as channel,
        ticket.created_on as day,
        1 as created,
        0 as solved,
        0 as measured,
        0 as seconds
    from core.fct_ticket as ticket
    join
        staging.known_team as team
        on ticket.account = team.account and ticket.team_id = team.team_id
    where not ticket.is_excluded
    union all
    select
        team.name,
        coalesce(ticket.channel, 'other'),
        ticket.solved_on,
        0,
        1,
        case when ticket.handle_seconds is null then 0 else 1 end,
        cast(floor(coalesce(ticket.handle_seconds, 0)) as bigint)
    from core.fct_ticket as ticket
    join
        staging.known_team as team
        on ticket.account = team.account and ticket.team_id = team.team_id
    where not ticket.is_excluded and ticket.solved_on is not null
),

daily_work as (
    select
        team,
        channel,
        day,
        sum(created) as created,
        sum(solved) as solved,
        sum(measured) as measured,
        sum(seconds) as seconds
    from ticket_moments
    group by team, channel, day
),

active_channels as (
    select
        cost_months.month_on,
        cost_months.team,
        daily_work.channel
    from cost_months
    join staging.known_day as calendar on cost_months.month_on = calendar.month_starts_on
    join daily_work on cost_months.team = daily_work.team and calendar.day = daily_work.day
    group by cost_months.month_on, cost_months.team, daily_work.channel
),

team_channels as (
    select
        cost_months.month_on,
        cost_months.team,
        coalesce(active_channels.channel, 'none') as channel
    from cost_months
    left join active_channels
        on cost_months.month_on = active_channels.month_on
            and cost_months.team = active_channels.team
),

channel_days as (
    select
        calendar.day,
        team_channels.month_on,
        team_channels.team,
        team_channels.channel
    from team_channels
    join staging.known_day as calendar on team_channels.month_on = calendar.month_starts_on
    join ops.reporting_zone as zone on zone.is_main and calendar.day <= zone.last_day
),

month_to_date as (
    select
        channel_days.day,
        channel_days.team,
        channel_days.channel,
        sum(coalesce(daily_costs.labour, 0))
            over (
                partition by channel_days.team, channel_days.channel, channel_days.month_on
                order by channel_days.day
            )
            as labour,
        channel_days.month_on,
        sum(coalesce(daily_costs.other, 0))
            over (
                partition by channel_days.team, channel_days.channel, channel_days.month_on
                order by channel_days.day
            )
            as other,
        sum(coalesce(daily_work.created, 0))
            over (
                partition by channel_days.team, channel_days.channel, channel_days.month_on
                order by channel_days.day
            )
            as created,
        sum(coalesce(daily_work.solved, 0))
            over (
                partition by channel_days.team, channel_days.channel, channel_days.month_on
                order by channel_days.day
            )
            as solved,
        sum(coalesce(daily_work.measured, 0))
            over (
                partition by channel_days.team, channel_days.channel, channel_days.month_on
                order by channel_days.day
            )
            as measured,
        sum(coalesce(daily_work.seconds, 0))
            over (
                partition by channel_days.team, channel_days.channel, channel_days.month_on
                order by channel_days.day
            )
            as seconds
    from channel_days
    left join daily_costs
        on channel_days.team = daily_costs.team and channel_days.day = daily_costs.day
    left join daily_work
        on channel_days.team = daily_work.team
            and channel_days.channel = daily_work.channel
            and channel_days.day = daily_work.day
),

team_totals as (
    select
        day,
        team,
        sum(created) as created,
        sum(solved) as solved,
        sum(measured) as measured,
        sum(seconds) as seconds
    from month_to_date
    group by day, team
),

-- Handle time where a ticket has one, the team's mean where not, all times the tickets measured.
channel_weights as (
    select
        month_to_date.day,
        month_to_date.team,
        month_to_date.channel,
        month_to_date.month_on,
        month_to_date.labour,
        month_to_date.other,
        month_to_date.created,
        month_to_date.solved,
        case
            when team_totals.seconds > 0
                then
                    cast(month_to_date.seconds as double) * cast(team_totals.measured as double)
                    + cast(month_to_date.solved - month_to_date.measured as double)
                    * cast(team_totals.seconds as double)
            when team_totals.solved > 0 then cast(month_to_date.solved as double)
            when team_totals.created > 0 then cast(month_to_date.created as double)
            else cast(1 as double)
        end as weight
    from month_to_date
    join team_totals
        on month_to_date.team = team_totals.team and month_to_date.day = team_totals.day
),

weights_so_far as (
    select
        day,
        team,
        channel,
        month_on,
        labour,
        other,
        created,
        solved,
        weight,
        sum(weight) over (partition by day, team order by channel) as weight_so_far,
        sum(weight) over (partition by day, team) as weight_of_all
    from channel_weights
),

cost_parts as (
    select
        day,
        team,
        channel,
        month_on,
        created,
        solved,
        cast(
            floor(cast(labour as double) * weight_so_far / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        )
        - cast(
            floor(cast(labour as double) * (weight_so_far - weight) / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        ) as labour_cost,
        cast(
            floor(cast(other as double) * weight_so_far / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        )
        - cast(
            floor(cast(other as double) * (weight_so_far - weight) / weight_of_all * 10000 + 0.5)
            / 10000 as decimal(18, 4)
        ) as other_cost
    from weights_so_far
)

select
    cost_parts.day,
    cost_parts.team,
    cost_parts.channel,
    setting.currency,
    cost_parts.labour_cost,
    cost_parts.other_cost,
    cast(cost_parts.created as bigint) as contacts_count,
    cast(cost_parts.solved as bigint) as resolutions_count,
    case
        when cost_parts.created = 0 or cost_parts.labour_cost + cost_parts.other_cost = 0 then null
        else cast(
                floor(
                    cast(cost_parts.labour_cost + cost_parts.other_cost as double)
                    / cast(cost_parts.created as double)
                    * 10000
                    + 0.5
                )
                / 10000 as decimal(18, 4)
            )
    end as cost_per_contact,
    case
        when cost_parts.solved = 0 then null
        else cast(
                floor(
                    cast(cost_parts.labour_cost + cost_parts.other_cost as double)
                    / cast(cost_parts.solved as double)
                    * 10000
                    + 0.5
                )
                / 10000 as decimal(18, 4)
            )
    end as cost_per_resolution,
    coalesce(missing_rates.costs, 0) as costs_without_rate
from cost_parts
cross join ops.reporting_setting as setting
left join missing_rates
    on cost_parts.month_on = missing_rates.month_on and cost_parts.team = missing_rates.team
