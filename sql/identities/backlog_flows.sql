-- Each day's backlog equals all tickets created and reopened so far, less those solved and those in
-- the bin.
with daily_backlog as (
    select
        time_zone,
        account,
        day,
        sum(backlog_count) as backlog,
        sum(created_count - solved_count + reopened_count - binned_count) as flow
    from core.snap_backlog_daily
    group by time_zone, account, day
),

expected_backlog as (
    select
        time_zone,
        account,
        day,
        backlog,
        sum(flow) over (partition by time_zone, account order by day) as expected
    from daily_backlog
)

select
    time_zone || ' ' || account || ' ' || cast(day as varchar) as place,
    backlog as found,
    expected
from expected_backlog
where backlog <> expected
