-- A ticket's life as spans of one status with their length. `_at_event` judges the whole span by the schedule in force at
-- its end, as Zendesk does. The span of the present status has no recorded length; unsolved ones have one as of the run.
-- A solve is credited to the assignee then, a reopen to the agent who had solved the ticket.
select c.account, c.ticket_id, c.position, c.status, c.category, c.starts_at, c.ends_at,
    t.excluded_because is not null as is_excluded, c.is_solve, c.is_reopen, c.is_final_solve, a.holder_id as agent_id,
    t.team_id, t.channel, t.priority,
    date_diff('second', c.starts_at, c.ends_at) as seconds_recorded,
    e.open_seconds - s.open_seconds as business_seconds_recorded,
    e.schedule_open_seconds - s.schedule_open_seconds as business_at_event_seconds_recorded,
    case when c.ends_at is not null then date_diff('second', c.starts_at, c.ends_at)
         when c.category in ('solved', 'closed') then null
         when c.starts_at >= p.as_of then 0
         else date_diff('second', c.starts_at, p.as_of) end as seconds_as_of,
    case when c.ends_at is not null then e.open_seconds - s.open_seconds
         when c.category in ('solved', 'closed') then null
         when c.starts_at >= p.as_of then 0
         else n.open_seconds + sp.open_offset - s.open_seconds end as business_seconds_as_of
from staging.status_change as c
join staging.ticket as t on t.account = c.account and t.ticket_id = c.ticket_id
join ops.reporting_zone as p on p.is_main
left join staging.ticket_instant as e
    on e.account = c.account and e.ticket_id = c.ticket_id and e.instant = c.ends_at and e.is_in_force
left join staging.schedule_span as sp
    on sp.account = case when c.ends_at is null then c.account end and sp.ticket_id = c.ticket_id and sp.from_at <= p.as_of and p.as_of < sp.until_at
left join staging.schedule_now as n on n.account = sp.account and n.schedule_id = sp.schedule_id
left join staging.ticket_instant as s
    on s.account = c.account and s.ticket_id = c.ticket_id and s.instant = c.starts_at
    and s.schedule_id = coalesce(e.schedule_id, sp.schedule_id)
left join core.fct_assignment as a
    on a.account = c.account and a.ticket_id = c.ticket_id and a.kind = case when c.is_solve or c.is_reopen then 'assignee' end
    and a.starts_at <= c.solved_at and coalesce(a.ends_at, timestamptz '2200-01-01 00:00:00+00') > c.solved_at
