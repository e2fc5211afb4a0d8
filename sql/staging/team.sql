-- One row for each team of an account, with its name and the team that its tickets count for. The
-- account's setting renames a team, by id or by name. Teams that it gives one name, or the name of
-- another team, are one.
with seen_teams as (
    select
        account,
        team_id,
        name,
        is_active
    from source.team
    union all
    select distinct
        ticket.account,
        ticket.team_id,
        cast(null as varchar),
        true
    from source.ticket as ticket
    join ops.account_mapping as mapping
        on ticket.account = mapping.account
            and mapping.kind = 'team'
            and lower(ticket.team_id) = mapping.value
    left join source.team as team
        on ticket.account = team.account and ticket.team_id = team.team_id
    where team.team_id is null
),

named_teams as (
    select
        seen_teams.account,
        seen_teams.team_id,
        seen_teams.name as vendor_name,
        coalesce(by_id.meaning, by_name.meaning) as setting,
        coalesce(by_id.meaning, by_name.meaning, seen_teams.name) as name,
        seen_teams.is_active
    from seen_teams
    left join ops.account_mapping as by_id
        on seen_teams.account = by_id.account
            and by_id.kind = 'team'
            and lower(seen_teams.team_id) = by_id.value
    left join ops.account_mapping as by_name
        on seen_teams.account = by_name.account
            and by_name.kind = 'team'
            and lower(seen_teams.name) = by_name.value
),

joined_teams as (
    select
        account,
        lower(name) as name,
        coalesce(min(case when setting is null then team_id end), min(team_id)) as team_id,
        coalesce(min(case when setting is null then vendor_name end), min(setting)) as joined_name
    from named_teams
    where name is not null
    group by account, lower(name)
    having max(case when setting is null then 0 else 1 end) = 1
)

select
    named_teams.account,
    named_teams.team_id,
    named_teams.vendor_name,
    coalesce(joined_teams.team_id, named_teams.team_id) as counts_as_id,
    coalesce(joined_teams.joined_name, named_teams.name) as name,
    coalesce(named_teams.is_active, true) as is_active,
    case when named_teams.setting is null then 'vendor' else 'setting' end as decided_by
from named_teams
left join joined_teams
    on named_teams.account = joined_teams.account and lower(named_teams.name) = joined_teams.name
