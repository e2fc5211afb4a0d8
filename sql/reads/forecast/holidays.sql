select
    account,
    day
from core.dim_special_day
