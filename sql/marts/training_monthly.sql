-- One row for each month, account and course, by the month in which the course is due. Overdue
-- courses stay in the denominator. People who left without completing a course do not count,
-- because no source reports when they left.
with due_courses as (
    select
        calendar.month_starts_on,
        course.account,
        coalesce(course.course, 'none') as course,
        course.due_at,
        course.completed_at,
        zone.as_of
    from source.course_assignment as course
    cross join ops.reporting_setting as setting
    join ops.reporting_zone as zone on zone.is_main
    join staging.known_day as calendar
        on calendar.day = cast(course.due_at at time zone setting.time_zone as date)
    left join staging.known_agent as agent
        on course.account = agent.account and course.agent_id = agent.agent_id
    where course.due_at <= zone.as_of
        and not (course.completed_at is null and agent.agent_id is not null and not agent.is_active)
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
from due_courses
group by month_starts_on, account, course
