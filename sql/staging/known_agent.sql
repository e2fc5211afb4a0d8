-- One row for each person or bot who works on tickets. A placeholder stands for a name that is not
-- stored.
select
    account,
    agent_id,
    coalesce(name, 'agent ' || agent_id) as name,
    role,
    is_active,
    team_id,
    created_at
from staging.agent
