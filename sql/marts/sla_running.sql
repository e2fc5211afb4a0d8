select
    c.account,
    c.ticket_id,
    c.metric,
    c.instance,
    t.number,
    c.policy_id,
    coalesce(c.team_id, 'none') as team_id,
    n.name as team,
    c.priority,
    c.started_at,
    c.target_seconds,
    c.is_business,
    c.state,
    c.elapsed_seconds_as_of,
    c.left_seconds_as_of,
    c.breach_age_seconds_as_of,
    case
        when c.state = 'breached' then 'breached'
        when c.left_seconds_as_of < 3600 then 'less than 1 hour left'
        when c.left_seconds_as_of < 14400 then '1 to 4 hours left'
        when c.left_seconds_as_of is null then 'not told'
        else '4 hours or more left'
    end as risk
from core.fct_sla_clock as c
join staging.ticket as t on c.account = t.account and c.ticket_id = t.ticket_id
left join core.dim_team as n on c.account = n.account and c.team_id = n.team_id
where c.ended_at is null
