select
    team,
    day_on,
    kind
from source.special_day
order by
    account,
    team,
    day_on
