select
    staffing.day,
    sum(coalesce(staffing.service_fte, staffing.required_fte)) as needed_fte,
    sum(staffing.required_fte) as work_fte,
    sum(staffing.planned_fte) as planned_fte
from marts.staffing_forecast as staffing
inner join staging.known_day as days on staffing.day = days.day
where days.is_workday
group by staffing.day
order by staffing.day
