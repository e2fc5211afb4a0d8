select
    zone.last_day,
    days.month_starts_on,
    cast(days.workday_of_month as bigint) as workday_of_month,
    cast(days.workdays_in_month as bigint) as workdays_in_month
from ops.reporting_zone as zone
inner join staging.known_day as days on zone.last_day = days.day
where zone.is_main
