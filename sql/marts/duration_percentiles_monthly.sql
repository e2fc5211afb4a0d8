-- Medians and 90th percentiles by nearest rank over the tickets solved in a month: value number (n
-- + 1) / 2 and 9n / 10 rounded up. They cannot be rolled up from days, so the account's total has
-- rows of its own (team 'all').
with team_totals as (
    select
        account,
        team_id,
        name as team
    from core.dim_team
    union all
    select distinct
        account,
        'all',
        'all'
    from core.dim_team
),

solved as (
    select
        d.month_starts_on,
        t.account,
        t.ticket_id,
        n.team,
        t.first_reply_business_seconds_recorded,
        t.full_resolution_seconds_recorded,
        t.agent_work_seconds_recorded
    from core.fct_ticket as t
    join core.dim_date as d on t.solved_on = d.day
    join team_totals as n
        on t.account = n.account and (t.team_id = n.team_id or n.team_id = 'all')
    where not t.is_excluded
),

measured as (
    select
        month_starts_on,
        account,
        team,
        ticket_id,
        'first_reply_business' as measure,
        first_reply_business_seconds_recorded as seconds
    from solved
    union all
    select
        month_starts_on,
        account,
        team,
        ticket_id,
        'full_resolution',
        full_resolution_seconds_recorded
    from solved
    union all
    select
        month_starts_on,
        account,
        team,
        ticket_id,
        'agent_work',
        agent_work_seconds_recorded
    from solved
),

placed as (
    select
        month_starts_on,
        account,
        team,
        measure,
        seconds,
        row_number()
            over (partition by month_starts_on, account, team, measure order by seconds, ticket_id)
            as place,
        count(*) over (partition by month_starts_on, account, team, measure) as tickets
    from measured
    where seconds is not null
),

ranked as (
    select
        month_starts_on,
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
    from placed
    group by month_starts_on, account, team, measure, tickets
)

select
    r.month_starts_on,
    r.account,
    r.team,
    r.measure,
    r.tickets_count,
    r.seconds_sum,
    r.seconds_median,
    r.seconds_p90,
    case
        when r.measure = 'agent_work' and f.seconds_median > 0
            then cast(r.seconds_median as double) / f.seconds_median
    end as customer_wait_ratio
from ranked as r
left join ranked as f
    on r.month_starts_on = f.month_starts_on
        and r.account = f.account
        and r.team = f.team
        and f.measure = 'full_resolution'
