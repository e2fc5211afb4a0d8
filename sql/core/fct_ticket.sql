-- One row a ticket with its measures. Nothing here depends on the moment of the run: only finished things are counted.
with lives as (
    select account, ticket_id,
        min(case when is_solve then starts_at end) as first_solved_at,
        max(case when is_solve then starts_at end) as last_solved_at,
        sum(case when is_solve then 1 else 0 end) as solves_count,
        sum(case when is_reopen then 1 else 0 end) as reopens_count,
        sum(case when category in ('new', 'open', 'other') then coalesce(seconds, 0) else 0 end) as agent_work_seconds,
        sum(case when category = 'pending' then coalesce(seconds, 0) else 0 end) as agent_wait_seconds,
        sum(case when category = 'hold' then coalesce(seconds, 0) else 0 end) as on_hold_seconds,
        max(position) as last_position
    from core.fct_status_interval group by account, ticket_id
),
latest as (
    select i.account, i.ticket_id, i.category
    from core.fct_status_interval as i
    join lives as l on l.account = i.account and l.ticket_id = i.ticket_id and l.last_position = i.position
),
replies as (
    select m.account, m.ticket_id,
        min(case when m.author_role = 'agent' then m.sent_at end) as first_reply_at,
        sum(case when m.author_role = 'agent' then 1 else 0 end) as replies_count
    from staging.message as m
    join staging.ticket as t on t.account = m.account and t.ticket_id = m.ticket_id
    where m.is_public and not (m.position = 1 and m.sent_at <= t.created_at)
    group by m.account, m.ticket_id
),
messages as (
    select account, ticket_id,
        sum(case when author_role = 'customer' and is_public then 1 else 0 end) as customer_messages_count,
        sum(case when author_role = 'agent' and not is_public then 1 else 0 end) as private_notes_count,
        max(case when position = 1 and author_role = 'agent' then 1 else 0 end) as opened_by_agent
    from staging.message group by account, ticket_id
),
stations as (
    select account, ticket_id,
        sum(case when field = 'assignee' and to_value is not null then 1 else 0 end) as assignee_stations_count,
        sum(case when field = 'team' and to_value is not null then 1 else 0 end) as team_stations_count,
        min(case when field = 'assignee' and to_value is not null then changed_at end) as first_assigned_at
    from source.ticket_event where field in ('assignee', 'team') group by account, ticket_id
),
ratings as (
    select ticket_account as account, ticket_id, score_share, is_satisfied,
        row_number() over (partition by ticket_account, ticket_id order by responded_at desc, response_id desc) as place
    from staging.survey_response where metric = 'csat' and ticket_id is not null and score is not null
),
measured as (
    select t.account, t.connector, t.ticket_id, t.number, t.status_category, t.priority, t.channel, t.type, t.requester_id,
        t.organization_id, t.assignee_id, t.team_id, t.created_at, t.merged_into_id, t.excluded_because,
        coalesce(t.schedule_id, d.schedule_id) as schedule_id,
        coalesce(m.opened_by_agent, 0) = 1 as is_created_by_agent,
        r.first_reply_at, coalesce(r.replies_count, 0) as replies_count,
        coalesce(m.customer_messages_count, 0) as customer_messages_count,
        coalesce(m.private_notes_count, 0) as private_notes_count,
        s.first_assigned_at, coalesce(s.assignee_stations_count, 0) as assignee_stations_count,
        coalesce(s.team_stations_count, 0) as team_stations_count,
        l.first_solved_at, l.solves_count, l.reopens_count, l.agent_work_seconds, l.agent_wait_seconds, l.on_hold_seconds,
        c.category in ('solved', 'closed') as is_solved,
        case when c.category in ('solved', 'closed') then l.last_solved_at end as solved_at,
        case when c.category in ('solved', 'closed') then l.agent_work_seconds + l.on_hold_seconds end as requester_wait_seconds,
        g.score_share as csat_score_share, g.is_satisfied as is_csat_satisfied,
        t.vendor_reopens_count, t.vendor_reassignments_count, t.vendor_made_sla, t.vendor_first_reply_minutes,
        t.vendor_first_reply_business_minutes, t.vendor_full_resolution_minutes
    from staging.ticket as t
    join lives as l on l.account = t.account and l.ticket_id = t.ticket_id
    join latest as c on c.account = t.account and c.ticket_id = t.ticket_id
    left join replies as r on r.account = t.account and r.ticket_id = t.ticket_id
    left join messages as m on m.account = t.account and m.ticket_id = t.ticket_id
    left join stations as s on s.account = t.account and s.ticket_id = t.ticket_id
    left join ratings as g on g.account = t.account and g.ticket_id = t.ticket_id and g.place = 1
    left join (select distinct account, schedule_id from core.business_segment where is_default) as d on d.account = t.account
),
instants as (
    select account, schedule_id, created_at as instant from measured
    union
    select account, schedule_id, first_reply_at from measured where first_reply_at is not null
    union
    select account, schedule_id, first_solved_at from measured where first_solved_at is not null
    union
    select account, schedule_id, solved_at from measured where solved_at is not null
    union
    select account, schedule_id, first_assigned_at from measured where first_assigned_at is not null
),
seconds as (
    select account, schedule_id, instant, cast(instant as date) as utc_day,
        date_diff('second', date_trunc('day', instant), instant) as second_of_day
    from instants where schedule_id is not null
),
clock as (
    select s.account, s.schedule_id, s.instant,
        min(b.open_before) + sum(
            case when s.second_of_day <= b.from_second then 0
                 when s.second_of_day >= b.to_second then b.to_second - b.from_second
                 else s.second_of_day - b.from_second end) as open_at
    from seconds as s
    join core.business_segment as b on b.account = s.account and b.schedule_id = s.schedule_id and b.utc_day = s.utc_day
    group by s.account, s.schedule_id, s.instant
)
select
    f.account, f.connector, f.ticket_id, f.number, f.status_category, f.priority, f.channel, f.type, f.requester_id,
    f.organization_id, f.assignee_id, f.team_id, f.schedule_id, f.is_created_by_agent,
    f.excluded_because is not null as is_excluded, f.excluded_because, f.merged_into_id,
    f.created_at, cast(f.created_at at time zone p.time_zone as date) as created_on,
    f.first_assigned_at, date_diff('second', f.created_at, f.first_assigned_at) as first_assignment_seconds,
    assigned.open_at - opened.open_at as first_assignment_business_seconds,
    f.first_reply_at, cast(f.first_reply_at at time zone p.time_zone as date) as first_replied_on,
    date_diff('second', f.created_at, f.first_reply_at) as first_reply_seconds,
    replied.open_at - opened.open_at as first_reply_business_seconds,
    f.first_solved_at, cast(f.first_solved_at at time zone p.time_zone as date) as first_solved_on,
    date_diff('second', f.created_at, f.first_solved_at) as first_resolution_seconds,
    first_solved.open_at - opened.open_at as first_resolution_business_seconds,
    f.is_solved, f.solved_at, cast(f.solved_at at time zone p.time_zone as date) as solved_on,
    date_diff('second', f.created_at, f.solved_at) as full_resolution_seconds,
    solved.open_at - opened.open_at as full_resolution_business_seconds,
    f.solves_count, f.reopens_count, f.agent_work_seconds, f.agent_wait_seconds, f.on_hold_seconds, f.requester_wait_seconds,
    f.replies_count, f.customer_messages_count, f.private_notes_count, f.assignee_stations_count, f.team_stations_count,
    f.is_solved and f.replies_count = 1 and not f.is_created_by_agent as is_one_touch,
    f.csat_score_share, f.is_csat_satisfied,
    f.vendor_reopens_count, f.vendor_reassignments_count, f.vendor_made_sla, f.vendor_first_reply_minutes,
    f.vendor_first_reply_business_minutes, f.vendor_full_resolution_minutes
from measured as f
cross join ops.run_parameter as p
left join clock as opened on opened.account = f.account and opened.schedule_id = f.schedule_id and opened.instant = f.created_at
left join clock as assigned on assigned.account = f.account and assigned.schedule_id = f.schedule_id and assigned.instant = f.first_assigned_at
left join clock as replied on replied.account = f.account and replied.schedule_id = f.schedule_id and replied.instant = f.first_reply_at
left join clock as first_solved on first_solved.account = f.account and first_solved.schedule_id = f.schedule_id and first_solved.instant = f.first_solved_at
left join clock as solved on solved.account = f.account and solved.schedule_id = f.schedule_id and solved.instant = f.solved_at
