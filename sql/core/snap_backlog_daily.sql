-- One row for each local day and scope: the unsolved tickets at the end of the day with their ages,
-- and what was created, solved, reopened and put in the bin on it. Median and 90th percentile are
-- by nearest rank: the age of ticket number (n + 1) / 2, and of 9n / 10 rounded up.
with ranked_open_tickets as (
    select
        time_zone,
        day,
        account,
        team_id,
        channel,
        priority,
        age_seconds,
        row_number()
            over (
                partition by time_zone, day, account, team_id, channel, priority
                order by age_seconds, ticket_id
            )
            as place,
        count(*) over (partition by time_zone, day, account, team_id, channel, priority) as tickets
    from core.snap_open_ticket_daily
),

backlog_stock as (
    select
        time_zone,
        day,
        account,
        team_id,
        channel,
        priority,
        count(*) as backlog_count,
        sum(age_seconds) as age_seconds_sum,
        max(
            case
                when place = cast(floor(cast(tickets + 1 as double) / 2) as bigint) then age_seconds
            end
        ) as age_seconds_median,
        max(
            case
                when place = cast(ceil(cast(tickets * 9 as double) / 10) as bigint) then age_seconds
            end
        ) as age_seconds_p90,
        sum(case when age_seconds < 86400 then 1 else 0 end) as age_0_1_days_count,
        sum(case when age_seconds >= 86400 and age_seconds < 259200 then 1 else 0 end)
            as age_1_3_days_count,
        sum(case when age_seconds >= 259200 and age_seconds < 604800 then 1 else 0 end)
            as age_3_7_days_count,
        sum(case when age_seconds >= 604800 and age_seconds < 1209600 then 1 else 0 end)
            as age_7_14_days_count,
        sum(case when age_seconds >= 1209600 and age_seconds < 2592000 then 1 else 0 end)
            as age_14_30_days_count,
        sum(case when age_seconds >= 2592000 then 1 else 0 end) as age_30_days_count
    from ranked_open_tickets
    group by time_zone, day, account, team_id, channel, priority
),

ticket_events as (
    select
        ticket.account,
        ticket.team_id,
        ticket.channel,
        ticket.priority,
        ticket.created_at as happened_at,
        1 as created,
        0 as solved,
        0 as reopened,
        0 as binned
    from core.fct_ticket as ticket
    where not ticket.is_excluded
    union all
    select
        account,
        team_id,
        channel,
        priority,
        starts_at,
        0,
        case when is_solve then 1 else 0 end,
        case when is_reopen then 1 else 0 end,
        0
    from core.fct_status_interval
    where not is_excluded and (is_solve or is_reopen)
    union all
    select
        account,
        team_id,
        channel,
        priority,
        starts_at,
        0,
        0,
        0,
        1
    from core.fct_status_interval
    where not is_excluded and is_binned
    union all
    select
        account,
        team_id,
        channel,
        priority,
        ends_at,
        0,
        0,
        0,
        -1
    from core.fct_status_interval
    where not is_excluded and is_binned and ends_at is not null
),

daily_flow as (
    select
        zone.time_zone,
        cast(ticket_events.happened_at at time zone zone.time_zone as date) as day,
        ticket_events.account,
        coalesce(ticket_events.team_id, 'none') as team_id,
        ticket_events.channel,
        ticket_events.priority,
        sum(ticket_events.created) as created_count,
        sum(ticket_events.solved) as solved_count,
        sum(ticket_events.reopened) as reopened_count,
        sum(ticket_events.binned) as binned_count
    from ticket_events cross join ops.reporting_zone as zone
    where cast(ticket_events.happened_at at time zone zone.time_zone as date) <= zone.last_day
    group by
        zone.time_zone,
        cast(ticket_events.happened_at at time zone zone.time_zone as date),
        ticket_events.account,
        coalesce(ticket_events.team_id, 'none'),
        ticket_events.channel,
        ticket_events.priority
)

select
    coalesce(backlog_stock.time_zone, daily_flow.time_zone) as time_zone,
    coalesce(backlog_stock.day, daily_flow.day) as day,
    coalesce(backlog_stock.account, daily_flow.account) as account,
    coalesce(backlog_stock.team_id, daily_flow.team_id) as team_id,
    coalesce(backlog_stock.channel, daily_flow.channel) as channel,
    coalesce(backlog_stock.priority, daily_flow.priority) as priority,
    coalesce(daily_flow.created_count, 0) as created_count,
    coalesce(daily_flow.solved_count, 0) as solved_count,
    coalesce(daily_flow.reopened_count, 0) as reopened_count,
    coalesce(daily_flow.binned_count, 0) as binned_count,
    coalesce(backlog_stock.backlog_count, 0) as backlog_count,
    coalesce(backlog_stock.age_seconds_sum, 0) as age_seconds_sum,
    backlog_stock.age_seconds_median,
    backlog_stock.age_seconds_p90,
    coalesce(backlog_stock.age_0_1_days_count, 0) as age_0_1_days_count,
    coalesce(backlog_stock.age_1_3_days_count, 0) as age_1_3_days_count,
    coalesce(backlog_stock.age_3_7_days_count, 0) as age_3_7_days_count,
    coalesce(backlog_stock.age_7_14_days_count, 0) as age_7_14_days_count,
    coalesce(backlog_stock.age_14_30_days_count, 0) as age_14_30_days_count,
    coalesce(backlog_stock.age_30_days_count, 0) as age_30_days_count
from backlog_stock
full join daily_flow
    on backlog_stock.time_zone = daily_flow.time_zone
        and backlog_stock.day = daily_flow.day
        and backlog_stock.account = daily_flow.account
        and backlog_stock.team_id = daily_flow.team_id
        and backlog_stock.channel = daily_flow.channel
        and backlog_stock.priority = daily_flow.priority
