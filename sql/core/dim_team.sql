-- One row for each team of an account.
select
    account,
    team_id,
    coalesce(name, 'team ' || team_id) as name,
    coalesce(is_active, true) as is_active
from source.team
