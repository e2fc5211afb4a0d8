select
    staffing.account,
    staffing.team,
    days.week_starts_on,
    sum(staffing.expected_tickets) as expected_tickets,
    sum(staffing.workload_hours) as workload_hours,
    sum(coalesce(staffing.service_fte, staffing.required_fte)) / 5 as needed_fte,
    sum(staffing.required_fte) / 5 as work_fte,
    sum(staffing.required_fte_low_80) / 5 as work_fte_low_80,
    sum(staffing.required_fte_high_80) / 5 as work_fte_high_80,
    max(staffing.planned_fte) as planned_fte,
    max(staffing.planned_fte)
    - sum(coalesce(staffing.service_fte, staffing.required_fte)) / 5 as gap_fte
from marts.staffing_forecast as staffing
inner join staging.known_day as days on staffing.day = days.day
group by
    staffing.account,
    staffing.team,
    days.week_starts_on
having count(*) = 7
order by
    staffing.account,
    staffing.team,
    days.week_starts_on
