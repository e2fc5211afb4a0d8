select
    account,
    agent_id,
    coalesce(name, 'agent ' || agent_id) as name,
    role,
    is_active,
    team_id,
    created_at
from staging.agent
