-- One row for each team that the vendor lists, and for each other one that some row names, so that
-- every row has its team. A team that is not listed is inferred: it takes its name when the list
-- arrives. 'none' stands for no team.
with members as (
    select
        account,
        team_id
    from staging.known_team
    union
    select
        account,
        team_id
    from every_mention
)

select
    members.account,
    members.team_id,
    case
        when team.team_id is not null then team.name
        when members.team_id = 'none' then 'no team'
        else 'team ' || members.team_id
    end as name,
    team.is_active,
    team.team_id is null as is_inferred
from members
left join staging.known_team as team
    on members.account = team.account and members.team_id = team.team_id
