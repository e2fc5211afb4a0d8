-- One row for each ticket whose requester opened another ticket after the last solve and within the
-- re-contact window of ops.reporting_setting.
with last_solves as (
    select
        account,
        ticket_id,
        max(starts_at) as solved_at
    from staging.status_change
    where is_solve
    group by account, ticket_id
)

select
    last_solves.account,
    last_solves.ticket_id,
    min(next_ticket.created_at) as recontacted_at
from last_solves
join staging.ticket as ticket
    on last_solves.account = ticket.account and last_solves.ticket_id = ticket.ticket_id
cross join ops.reporting_setting as setting
join staging.ticket as next_ticket
    on ticket.account = next_ticket.account
        and ticket.requester_id = next_ticket.requester_id
        and ticket.ticket_id <> next_ticket.ticket_id
        and last_solves.solved_at < next_ticket.created_at
where next_ticket.excluded_because is null
    and date_diff('second', last_solves.solved_at, next_ticket.created_at)
    <= setting.recontact_days * 86400
group by last_solves.account, last_solves.ticket_id
