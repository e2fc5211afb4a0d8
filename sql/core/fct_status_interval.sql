-- One row for each span of one status in a ticket's life, with its length. `_at_event` judges the
-- whole span by the schedule in force at its end, as Zendesk does. The present span has no recorded
-- length; an unsolved one has a length as of the run. A solve is credited to the assignee at that
-- time, a reopen to the agent who had solved the ticket.
select
    status_span.account,
    status_span.ticket_id,
    status_span.position,
    status_span.status,
    status_span.category,
    status_span.starts_at,
    status_span.ends_at,
    ticket.excluded_because is not null as is_excluded,
    status_span.is_solve,
    status_span.is_reopen,
    status_span.is_binned,
    status_span.is_final_solve,
    assignment.holder_id as agent_id,
    ticket.team_id,
    ticket.channel,
    ticket.priority,
    date_diff('second', status_span.starts_at, status_span.ends_at) as seconds_recorded,
    end_clock.open_seconds - start_clock.open_seconds as business_seconds_recorded,
    end_clock.schedule_open_seconds
    - start_clock.schedule_open_seconds as business_at_event_seconds_recorded,
    case
        when status_span.ends_at is not null
            then date_diff('second', status_span.starts_at, status_span.ends_at)
        when status_span.category in ('solved', 'closed', 'deleted') then null
        when status_span.starts_at >= zone.as_of then 0
        else date_diff('second', status_span.starts_at, zone.as_of)
    end as seconds_as_of,
    case
        when status_span.ends_at is not null then end_clock.open_seconds - start_clock.open_seconds
        when status_span.category in ('solved', 'closed', 'deleted') then null
        when status_span.starts_at >= zone.as_of then 0
        else running_schedule.open_seconds + schedule_span.open_offset - start_clock.open_seconds
    end as business_seconds_as_of
from staging.status_change as status_span
join staging.ticket as ticket
    on status_span.account = ticket.account and status_span.ticket_id = ticket.ticket_id
join ops.reporting_zone as zone on zone.is_main
left join staging.ticket_instant as end_clock
    on status_span.account = end_clock.account
        and status_span.ticket_id = end_clock.ticket_id
        and status_span.ends_at = end_clock.instant
        and end_clock.is_in_force
left join staging.schedule_span as schedule_span
    on schedule_span.account = case when status_span.ends_at is null then status_span.account end
        and status_span.ticket_id = schedule_span.ticket_id
        and zone.as_of >= schedule_span.from_at
        and zone.as_of < schedule_span.until_at
left join staging.schedule_now as running_schedule
    on schedule_span.account = running_schedule.account
        and schedule_span.schedule_id = running_schedule.schedule_id
left join staging.ticket_instant as start_clock
    on status_span.account = start_clock.account
        and status_span.ticket_id = start_clock.ticket_id
        and status_span.starts_at = start_clock.instant
        and start_clock.schedule_id = coalesce(end_clock.schedule_id, schedule_span.schedule_id)
left join core.fct_assignment as assignment
    on status_span.account = assignment.account
        and status_span.ticket_id = assignment.ticket_id
        and assignment.kind
        = case when status_span.is_solve or status_span.is_reopen then 'assignee' end
        and status_span.solved_at >= assignment.starts_at
        and coalesce(assignment.ends_at, timestamptz '2200-01-01 00:00:00+00')
        > status_span.solved_at
