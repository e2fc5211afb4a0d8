select
    account,
    team_id,
    channel,
    created_on as day,
    count(*) as tickets
from core.fct_ticket
where
    not is_excluded
    and team_id is not null
group by
    account,
    team_id,
    channel,
    created_on
