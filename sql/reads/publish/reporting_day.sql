select
    time_zone,
    last_day
from ops.reporting_zone
where is_main
