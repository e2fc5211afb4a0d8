-- A ticket's life as spans of one status with their length. `_at_event` judges the whole span by
-- the schedule in force at its end, as Zendesk does. The span of the present status has no recorded
-- length; unsolved ones have one as of the run. A solve is credited to the assignee then, a reopen
-- to the agent who had solved the ticket.
select
    c.account,
    c.ticket_id,
    c.position,
    c.status,
    c.category,
    c.starts_at,
    c.ends_at,
    t.excluded_because is not null as is_excluded,
    c.is_solve,
    c.is_reopen,
    c.is_final_solve,
    a.holder_id as agent_id,
    t.team_id,
    t.channel,
    t.priority,
    date_diff('second', c.starts_at, c.ends_at) as seconds_recorded,
    e.open_seconds - s.open_seconds as business_seconds_recorded,
    e.schedule_open_seconds - s.schedule_open_seconds as business_at_event_seconds_recorded,
    case
        when c.ends_at is not null then date_diff('second', c.starts_at, c.ends_at)
        when c.category in ('solved', 'closed') then null
        when c.starts_at >= p.as_of then 0
        else date_diff('second', c.starts_at, p.as_of)
    end as seconds_as_of,
    case
        when c.ends_at is not null then e.open_seconds - s.open_seconds
        when c.category in ('solved', 'closed') then null
        when c.starts_at >= p.as_of then 0
        else n.open_seconds + sp.open_offset - s.open_seconds
    end as business_seconds_as_of
from staging.status_change as c
join staging.ticket as t on c.account = t.account and c.ticket_id = t.ticket_id
join ops.reporting_zone as p on p.is_main
left join staging.ticket_instant as e
    on c.account = e.account
        and c.ticket_id = e.ticket_id
        and c.ends_at = e.instant
        and e.is_in_force
left join staging.schedule_span as sp
    on sp.account = case when c.ends_at is null then c.account end
        and c.ticket_id = sp.ticket_id
        and p.as_of >= sp.from_at
        and p.as_of < sp.until_at
left join staging.schedule_now as n on sp.account = n.account and sp.schedule_id = n.schedule_id
left join staging.ticket_instant as s
    on c.account = s.account and c.ticket_id = s.ticket_id and c.starts_at = s.instant
        and s.schedule_id = coalesce(e.schedule_id, sp.schedule_id)
left join core.fct_assignment as a
    on c.account = a.account
        and c.ticket_id = a.ticket_id
        and a.kind = case when c.is_solve or c.is_reopen then 'assignee' end
        and c.solved_at >= a.starts_at
        and coalesce(a.ends_at, timestamptz '2200-01-01 00:00:00+00') > c.solved_at
