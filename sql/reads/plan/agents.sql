select
    account,
    team_id,
    count(*) as agents
from staging.known_agent
where
    is_active
    and team_id is not null
group by
    account,
    team_id
