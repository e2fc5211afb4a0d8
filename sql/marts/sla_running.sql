-- One row for each SLA clock that still runs, by how close it is to its target.
select
    sla_clock.account,
    sla_clock.ticket_id,
    sla_clock.metric,
    sla_clock.instance,
    ticket.number,
    sla_clock.policy_id,
    coalesce(sla_clock.team_id, 'none') as team_id,
    team.name as team,
    sla_clock.priority,
    sla_clock.started_at,
    sla_clock.target_seconds,
    sla_clock.is_business,
    sla_clock.state,
    sla_clock.elapsed_seconds_as_of,
    sla_clock.left_seconds_as_of,
    sla_clock.breach_age_seconds_as_of,
    case
        when sla_clock.state = 'breached' then 'breached'
        when sla_clock.left_seconds_as_of < 3600 then 'less than 1 hour left'
        when sla_clock.left_seconds_as_of < 14400 then '1 to 4 hours left'
        when sla_clock.left_seconds_as_of is null then 'time left unknown'
        else '4 hours or more left'
    end as risk
from core.fct_sla_clock as sla_clock
join staging.ticket as ticket
    on sla_clock.account = ticket.account and sla_clock.ticket_id = ticket.ticket_id
left join staging.known_team as team
    on sla_clock.account = team.account and sla_clock.team_id = team.team_id
where sla_clock.ended_at is null
