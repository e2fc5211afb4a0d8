-- Tickets whose requester came again: the next ticket of the same requester, opened after the last
-- solve and within the re-contact window of ops.reporting_setting.
with solves as (
    select
        account,
        ticket_id,
        max(starts_at) as solved_at
    from staging.status_change
    where is_solve
    group by account, ticket_id
)

select
    s.account,
    s.ticket_id,
    min(n.created_at) as recontacted_at
from solves as s
join staging.ticket as t on s.account = t.account and s.ticket_id = t.ticket_id
cross join ops.reporting_setting as p
join staging.ticket as n
    on t.account = n.account
        and t.requester_id = n.requester_id
        and t.ticket_id <> n.ticket_id
        and s.solved_at < n.created_at
where n.excluded_because is null
    and date_diff('second', s.solved_at, n.created_at) <= p.recontact_days * 86400
group by s.account, s.ticket_id
