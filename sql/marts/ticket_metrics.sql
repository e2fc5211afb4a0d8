-- core.fct_ticket with names, for people who look at single tickets.
select
    t.account, t.connector, t.ticket_id, t.number, t.status_category, t.priority, t.channel, t.type, t.requester_id, t.organization_id,
    o.name as organization, t.assignee_id, a.name as assignee, t.team_id, n.name as team, t.is_created_by_agent, t.is_requester_agent,
    t.is_excluded, t.excluded_because, t.merged_into_id, t.created_at, t.created_on, t.first_assigned_at, t.first_reply_at, t.first_solved_at,
    t.is_solved, t.solved_at, t.solved_on, t.first_assignment_seconds_recorded, t.first_assignment_business_seconds_recorded,
    t.first_assignment_seconds_as_of, t.first_assignment_business_seconds_as_of, t.first_reply_seconds_recorded,
    t.first_reply_business_seconds_recorded, t.first_reply_seconds_as_of, t.first_reply_business_seconds_as_of,
    t.first_resolution_seconds_recorded, t.first_resolution_business_seconds_recorded, t.first_resolution_seconds_as_of,
    t.first_resolution_business_seconds_as_of, t.full_resolution_seconds_recorded, t.full_resolution_business_seconds_recorded,
    t.full_resolution_seconds_as_of, t.full_resolution_business_seconds_as_of, t.agent_work_seconds_recorded,
    t.agent_work_business_seconds_recorded, t.agent_work_seconds_as_of, t.agent_work_business_seconds_as_of, t.agent_wait_seconds_recorded,
    t.agent_wait_business_seconds_recorded, t.agent_wait_seconds_as_of, t.agent_wait_business_seconds_as_of, t.on_hold_seconds_recorded,
    t.on_hold_business_seconds_recorded, t.on_hold_seconds_as_of, t.on_hold_business_seconds_as_of, t.requester_wait_seconds_recorded,
    t.requester_wait_business_seconds_recorded, t.requester_wait_seconds_as_of, t.requester_wait_business_seconds_as_of, t.next_replies_count,
    t.next_replies_seconds_recorded, t.replies_count, t.customer_messages_count, t.private_messages_count, t.solves_count, t.reopens_count,
    t.reassignments_count, t.transfers_count, t.is_one_touch, t.is_zero_touch, t.is_first_contact_resolution, t.is_escalated,
    t.csat_score_share, t.is_csat_satisfied, t.handle_seconds
from core.fct_ticket as t
left join core.dim_team as n on n.account = t.account and n.team_id = t.team_id
left join core.dim_agent as a on a.account = t.account and a.agent_id = t.assignee_id
left join core.dim_organization as o on o.account = t.account and o.organization_id = t.organization_id
