-- Counted on the month in which a course is due; overdue ones stay in the denominator. People who
-- have left without completing a course do not count, since nobody tells when they left.
with due as (
    select
        d.month_starts_on,
        c.account,
        coalesce(c.course, 'none') as course,
        c.due_at,
        c.completed_at,
        p.as_of
    from source.course_assignment as c
    cross join ops.reporting_setting as s
    join ops.reporting_zone as p on p.is_main
    join core.dim_date as d on d.day = cast(c.due_at at time zone s.time_zone as date)
    left join core.dim_agent as a on c.account = a.account and c.agent_id = a.agent_id
    where c.due_at <= p.as_of
        and not (c.completed_at is null and a.agent_id is not null and not a.is_active)
)

select
    month_starts_on,
    account,
    course,
    count(*) as due_count,
    sum(case when completed_at <= as_of then 1 else 0 end) as completed_count,
    sum(case when completed_at <= due_at then 1 else 0 end) as completed_in_time_count,
    sum(case when completed_at is null or completed_at > as_of then 1 else 0 end) as overdue_count,
    cast(sum(case when completed_at <= as_of then 1 else 0 end) as double)
    / count(*) as completion_rate
from due
group by month_starts_on, account, course
