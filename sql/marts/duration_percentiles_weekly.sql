-- One row for each week of the solve (its complete days), team and measure: median and 90th
-- percentile by nearest rank, value number (n + 1) / 2 and 9n / 10 rounded up. Percentiles cannot
-- be summed up from days or teams, so the account's total (team 'all') has rows of its own.
with reported_teams as (
    select
        account,
        team_id,
        name as team
    from staging.known_team
    union all
    select distinct
        account,
        'all',
        'all'
    from staging.known_team
),

solved_tickets as (
    select
        calendar.week_starts_on,
        ticket.account,
        ticket.ticket_id,
        reported_teams.team,
        ticket.first_reply_business_seconds_recorded,
        ticket.full_resolution_seconds_recorded,
        ticket.agent_work_seconds_recorded
    from core.fct_ticket as ticket
    join ops.reporting_zone as zone on zone.is_main and ticket.solved_on <= zone.last_day
    join staging.known_day as calendar on ticket.solved_on = calendar.day
    join reported_teams
        on ticket.account = reported_teams.account
            and (ticket.team_id = reported_teams.team_id or reported_teams.team_id = 'all')
    where not ticket.is_excluded
),

durations as (
    select
        week_starts_on,
        account,
        team,
        ticket_id,
        'first_reply_business' as measure,
        first_reply_business_seconds_recorded as seconds
    from solved_tickets
    union all
    select
        week_starts_on,
        account,
        team,
        ticket_id,
        'full_resolution',
        full_resolution_seconds_recorded
    from solved_tickets
    union all
    select
        week_starts_on,
        account,
        team,
        ticket_id,
        'agent_work',
        agent_work_seconds_recorded
    from solved_tickets
),

ranked_durations as (
    select
        week_starts_on,
        account,
        team,
        measure,
        seconds,
        row_number()
            over (partition by week_starts_on, account, team, measure order by seconds, ticket_id)
            as place,
        count(*) over (partition by week_starts_on, account, team, measure) as tickets
    from durations
    where seconds is not null
),

percentiles as (
    select
        week_starts_on,
        account,
        team,
        measure,
        tickets as tickets_count,
        sum(seconds) as seconds_sum,
        max(
            case
                when place = cast(floor(cast(tickets + 1 as double) / 2) as bigint) then seconds
            end
        ) as seconds_median,
        max(
            case
                when place = cast(ceil(cast(tickets * 9 as double) / 10) as bigint) then seconds
            end
        ) as seconds_p90
    from ranked_durations
    group by week_starts_on, account, team, measure, tickets
)

select
    percentile.week_starts_on,
    percentile.account,
    percentile.team,
    percentile.measure,
    percentile.tickets_count,
    percentile.seconds_sum,
    percentile.seconds_median,
    percentile.seconds_p90,
    case
        when percentile.measure = 'agent_work' and full_resolution.seconds_median > 0
            then cast(percentile.seconds_median as double) / full_resolution.seconds_median
    end as customer_wait_ratio
from percentiles as percentile
left join percentiles as full_resolution
    on percentile.week_starts_on = full_resolution.week_starts_on
        and percentile.account = full_resolution.account
        and percentile.team = full_resolution.team
        and full_resolution.measure = 'full_resolution'
