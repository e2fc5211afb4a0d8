select day
from core.dim_date
where is_workday
