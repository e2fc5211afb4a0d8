-- One row for each team of an account; teams that the settings join are one.
select
    account,
    counts_as_id as team_id,
    coalesce(min(name), 'team ' || counts_as_id) as name,
    max(case when is_active then 1 else 0 end) = 1 as is_active
from staging.team
group by account, counts_as_id
