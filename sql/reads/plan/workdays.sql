select day
from staging.known_day
where is_workday
