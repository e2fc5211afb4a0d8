-- The age groups of a day's backlog add up to it.
select
    time_zone || ' ' || account || ' ' || cast(day as varchar) as place,
    sum(backlog_count) as found,
    sum(
        age_0_1_days_count
        + age_1_3_days_count
        + age_3_7_days_count
        + age_7_14_days_count
        + age_14_30_days_count
        + age_30_days_count
    ) as expected
from core.snap_backlog_daily
group by time_zone, account, day
having sum(backlog_count)
    <> sum(
        age_0_1_days_count
        + age_1_3_days_count
        + age_3_7_days_count
        + age_7_14_days_count
        + age_14_30_days_count
        + age_30_days_count
    )
