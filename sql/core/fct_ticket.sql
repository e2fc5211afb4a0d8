-- One row a ticket with its measures. `_recorded` counts finished things only; `_as_of` lets
-- unfinished clocks run up to the run's as-of instant. `_business` is cumulative: every second is
-- judged by the schedule then in force; `_at_event` judges the whole span by the schedule in force
-- at its end (Zendesk's own rule).
with lives as (
    select
        account,
        ticket_id,
        min(case when is_solve then starts_at end) as first_solved_at,
        max(case when is_solve then starts_at end) as last_solved_at,
        sum(case when is_solve then 1 else 0 end) as solves_count,
        sum(case when is_reopen then 1 else 0 end) as reopens_count,
        max(case when ends_at is null and category in ('solved', 'closed') then 1 else 0 end)
            as is_solved,
        sum(
            case
                when category in ('new', 'open', 'other') then coalesce(seconds_recorded, 0)
                else 0
            end
        ) as agent_work_seconds_recorded,
        sum(
            case
                when category in ('new', 'open', 'other')
                    then coalesce(business_seconds_recorded, 0)
                else 0
            end
        ) as agent_work_business_seconds_recorded,
        sum(
            case
                when category in ('new', 'open', 'other')
                    then coalesce(business_at_event_seconds_recorded, 0)
                else 0
            end
        ) as agent_work_business_at_event_seconds_recorded,
        sum(
            case
                when category in ('new', 'open', 'other') then coalesce(seconds_as_of, 0)
                else 0
            end
        ) as agent_work_seconds_as_of,
        sum(
            case
                when category in ('new', 'open', 'other') then coalesce(business_seconds_as_of, 0)
                else 0
            end
        ) as agent_work_business_seconds_as_of,
        sum(case when category in ('pending') then coalesce(seconds_recorded, 0) else 0 end)
            as agent_wait_seconds_recorded,
        sum(
            case when category in ('pending') then coalesce(business_seconds_recorded, 0) else 0 end
        ) as agent_wait_business_seconds_recorded,
        sum(
            case
                when category in ('pending') then coalesce(business_at_event_seconds_recorded, 0)
                else 0
            end
        ) as agent_wait_business_at_event_seconds_recorded,
        sum(case when category in ('pending') then coalesce(seconds_as_of, 0) else 0 end)
            as agent_wait_seconds_as_of,
        sum(case when category in ('pending') then coalesce(business_seconds_as_of, 0) else 0 end)
            as agent_wait_business_seconds_as_of,
        sum(case when category in ('hold') then coalesce(seconds_recorded, 0) else 0 end)
            as on_hold_seconds_recorded,
        sum(case when category in ('hold') then coalesce(business_seconds_recorded, 0) else 0 end)
            as on_hold_business_seconds_recorded,
        sum(
            case
                when category in ('hold') then coalesce(business_at_event_seconds_recorded, 0)
                else 0
            end
        ) as on_hold_business_at_event_seconds_recorded,
        sum(case when category in ('hold') then coalesce(seconds_as_of, 0) else 0 end)
            as on_hold_seconds_as_of,
        sum(case when category in ('hold') then coalesce(business_seconds_as_of, 0) else 0 end)
            as on_hold_business_seconds_as_of,
        sum(
            case
                when category in ('new', 'open', 'other', 'hold') then coalesce(seconds_recorded, 0)
                else 0
            end
        ) as requester_wait_seconds_recorded,
        sum(
            case
                when category in ('new', 'open', 'other', 'hold')
                    then coalesce(business_seconds_recorded, 0)
                else 0
            end
        ) as requester_wait_business_seconds_recorded,
        sum(
            case
                when category in ('new', 'open', 'other', 'hold')
                    then coalesce(business_at_event_seconds_recorded, 0)
                else 0
            end
        ) as requester_wait_business_at_event_seconds_recorded,
        sum(
            case
                when category in ('new', 'open', 'other', 'hold') then coalesce(seconds_as_of, 0)
                else 0
            end
        ) as requester_wait_seconds_as_of,
        sum(
            case
                when category in ('new', 'open', 'other', 'hold')
                    then coalesce(business_seconds_as_of, 0)
                else 0
            end
        ) as requester_wait_business_seconds_as_of
    from core.fct_status_interval
    group by account, ticket_id
),

messages as (
    select
        account,
        ticket_id,
        min(case when is_reply then sent_at end) as first_reply_at,
        min(case when is_reply and not is_listed_bot then sent_at end) as first_human_reply_at,
        sum(case when is_reply and not is_listed_bot then 1 else 0 end) as replies_count,
        sum(case when is_public then 1 else 0 end) as public_messages_count,
        sum(case when not is_public then 1 else 0 end) as private_messages_count,
        sum(case when is_public and author_role = 'customer' then 1 else 0 end)
            as customer_messages_count,
        max(case when is_opening then case when author_role = 'agent' then 1 else 0 end end)
            as opened_by_agent
    from staging.message
    group by account, ticket_id
),

waits as (
    select
        account,
        ticket_id,
        sum(case when is_replied then 1 else 0 end) as next_replies_count,
        sum(case when is_replied then seconds_recorded end) as next_replies_seconds_recorded,
        sum(case when is_replied then business_seconds_recorded end)
            as next_replies_business_seconds_recorded
    from core.fct_reply_wait
    group by account, ticket_id
),

stations as (
    select
        account,
        ticket_id,
        sum(case when kind = 'assignee' then 1 else 0 end) as assignee_stations_count,
        sum(case when kind = 'team' then 1 else 0 end) as team_stations_count
    from core.fct_assignment
    group by account, ticket_id
),

first_assigned as (
    select
        account,
        ticket_id,
        min(changed_at) as first_assigned_at
    from source.ticket_event
    where field = 'assignee' and to_value is not null
    group by account, ticket_id
),

raises as (
    select
        e.account,
        e.ticket_id,
        e.changed_at,
        case coalesce(o.unified, v.unified)
            when 'low' then 1 when 'normal' then 2 when 'high' then 3
            when 'urgent' then 4
        end as rank_after,
        lag(
            case coalesce(o.unified, v.unified)
                when 'low' then 1 when 'normal' then 2 when 'high' then 3
                when 'urgent' then 4
            end
        ) over (
            partition by e.account, e.ticket_id
            order by e.changed_at, coalesce(e.sequence, 0), e.event_id
        ) as rank_before
    from source.ticket_event as e
    join ops.account_mark as k on e.account = k.account and k.kind = 'escalate_on_raise'
    left join staging.value_map as o
        on o.kind = 'priority' and e.connector = o.connector and o.raw = lower(e.to_value)
    left join staging.value_map as v
        on v.kind = 'priority' and v.connector = '*' and v.raw = lower(e.to_value)
    where e.field = 'priority'
),

escalations as (
    select
        a.account,
        a.ticket_id,
        a.starts_at as escalated_at
    from core.fct_assignment as a
    left join core.dim_team as n on a.account = n.account and a.holder_id = n.team_id
    join ops.account_mark as k
        on a.account = k.account
            and k.kind = 'escalation_team'
            and (a.holder_id = k.value or n.name = k.value)
    where a.kind = 'team' and a.position > 1
    union all
    select
        account,
        ticket_id,
        changed_at
    from raises
    where rank_after > rank_before
),

first_escalation as (
    select
        account,
        ticket_id,
        min(escalated_at) as escalated_at,
        count(*) as escalations_count
    from escalations
    group by account, ticket_id
),

rated as (
    select
        ticket_account as account,
        ticket_id,
        score_share,
        is_satisfied,
        responded_at,
        row_number()
            over (partition by ticket_account, ticket_id order by responded_at, response_id)
            as from_first,
        row_number()
            over (
                partition by ticket_account, ticket_id order by responded_at desc, response_id desc
            )
            as from_last
    from staging.survey_response
    where metric = 'csat' and ticket_id is not null and score_share is not null
),

ratings as (
    select
        account,
        ticket_id,
        count(*) as csat_ratings_count,
        max(case when from_first = 1 then score_share end) as csat_first_score_share,
        max(case when from_last = 1 then score_share end) as csat_score_share,
        max(case when from_first = 1 then case when is_satisfied then 1 else 0 end end)
            as first_satisfied,
        max(case when from_last = 1 then case when is_satisfied then 1 else 0 end end)
            as last_satisfied,
        max(case when from_last = 1 then responded_at end) as csat_at
    from rated
    group by account, ticket_id
),

worked as (
    select
        account,
        ticket_id,
        sum(seconds) as handle_seconds
    from source.time_entry
    group by account, ticket_id
),

agents as (
    select
        account,
        agent_id as person_id
    from staging.agent
    union
    select
        account,
        login
    from staging.agent
    where login is not null
),

measured as (
    select
        t.account,
        t.connector,
        t.ticket_id,
        t.number,
        t.status_category,
        t.priority,
        t.channel,
        t.type,
        t.requester_id,
        t.organization_id,
        t.assignee_id,
        t.team_id,
        t.created_at,
        t.merged_into_id,
        t.is_merged,
        t.excluded_because,
        coalesce(
            m.opened_by_agent,
            case
                when b.person_id is not null and t.created_by_id is distinct from t.requester_id
                    then 1
                else 0
            end
        )
        = 1
            as is_created_by_agent,
        q.person_id is not null as is_requester_agent,
        m.first_reply_at,
        m.first_human_reply_at,
        coalesce(m.replies_count, 0) as replies_count,
        coalesce(m.public_messages_count, 0) as public_messages_count,
        coalesce(m.private_messages_count, 0) as private_messages_count,
        coalesce(m.customer_messages_count, 0) as customer_messages_count,
        coalesce(w.next_replies_count, 0) as next_replies_count,
        w.next_replies_seconds_recorded,
        w.next_replies_business_seconds_recorded,
        a.first_assigned_at,
        coalesce(s.assignee_stations_count, 0) as assignee_stations_count,
        coalesce(s.team_stations_count, 0) as team_stations_count,
        l.first_solved_at,
        l.solves_count,
        l.reopens_count,
        l.is_solved = 1 as is_solved,
        case when l.is_solved = 1 then l.last_solved_at end as solved_at,
        l.agent_work_seconds_recorded,
        l.agent_work_business_seconds_recorded,
        l.agent_work_business_at_event_seconds_recorded,
        l.agent_work_seconds_as_of,
        l.agent_work_business_seconds_as_of,
        l.agent_wait_seconds_recorded,
        l.agent_wait_business_seconds_recorded,
        l.agent_wait_business_at_event_seconds_recorded,
        l.agent_wait_seconds_as_of,
        l.agent_wait_business_seconds_as_of,
        l.on_hold_seconds_recorded,
        l.on_hold_business_seconds_recorded,
        l.on_hold_business_at_event_seconds_recorded,
        l.on_hold_seconds_as_of,
        l.on_hold_business_seconds_as_of,
        l.requester_wait_seconds_recorded,
        l.requester_wait_business_seconds_recorded,
        l.requester_wait_business_at_event_seconds_recorded,
        l.requester_wait_seconds_as_of,
        l.requester_wait_business_seconds_as_of,
        e.escalated_at,
        coalesce(e.escalations_count, 0) as escalations_count,
        o.recontacted_at,
        g.csat_ratings_count,
        g.csat_first_score_share,
        g.csat_score_share,
        g.first_satisfied,
        g.last_satisfied,
        g.csat_at,
        k.handle_seconds,
        t.vendor_reopens_count,
        t.vendor_reassignments_count,
        t.vendor_made_sla,
        t.vendor_first_reply_minutes,
        t.vendor_first_reply_business_minutes,
        t.vendor_full_resolution_minutes
    from staging.ticket as t
    join lives as l on t.account = l.account and t.ticket_id = l.ticket_id
    left join messages as m on t.account = m.account and t.ticket_id = m.ticket_id
    left join waits as w on t.account = w.account and t.ticket_id = w.ticket_id
    left join stations as s on t.account = s.account and t.ticket_id = s.ticket_id
    left join first_assigned as a on t.account = a.account and t.ticket_id = a.ticket_id
    left join first_escalation as e on t.account = e.account and t.ticket_id = e.ticket_id
    left join core.fct_recontact as o on t.account = o.account and t.ticket_id = o.ticket_id
    left join ratings as g on t.account = g.account and t.ticket_id = g.ticket_id
    left join worked as k on t.account = k.account and t.ticket_id = k.ticket_id
    left join agents as b on t.account = b.account and t.created_by_id = b.person_id
    left join agents as q on t.account = q.account and t.requester_id = q.person_id
),

clock as (
    select
        m.account,
        m.ticket_id,
        max(case when i.instant = m.created_at then i.open_seconds end) as created_open,
        max(case when i.instant = m.first_assigned_at then i.open_seconds end) as assigned_open,
        max(case when i.instant = m.first_reply_at then i.open_seconds end) as replied_open,
        max(case when i.instant = m.first_human_reply_at then i.open_seconds end) as human_open,
        max(case when i.instant = m.first_solved_at then i.open_seconds end) as first_solved_open,
        max(case when i.instant = m.solved_at then i.open_seconds end) as solved_open
    from measured as m
    join staging.ticket_instant as i
        on m.account = i.account and m.ticket_id = i.ticket_id and i.is_in_force
    group by m.account, m.ticket_id
),

present as (
    select
        t.account,
        t.ticket_id,
        sp.schedule_id,
        case
            when p.as_of > t.created_at then date_diff('second', t.created_at, p.as_of)
            else 0
        end as age_seconds,
        case
            when p.as_of > t.created_at then n.open_seconds + sp.open_offset - c.created_open
            else 0
        end as age_business_seconds
    from measured as t
    join ops.reporting_zone as p on p.is_main
    left join clock as c on t.account = c.account and t.ticket_id = c.ticket_id
    left join staging.schedule_span as sp
        on t.account = sp.account
            and t.ticket_id = sp.ticket_id
            and p.as_of >= sp.from_at
            and p.as_of < sp.until_at
    left join staging.schedule_now as n on sp.account = n.account and sp.schedule_id = n.schedule_id
),

changed as (
    select distinct
        account,
        ticket_id
    from staging.schedule_span
    where position > 0
),

switched as (
    select
        m.account,
        m.ticket_id,
        assigned.schedule_open_seconds
        - assigned_from.schedule_open_seconds as first_assignment_at_event,
        replied.schedule_open_seconds - replied_from.schedule_open_seconds as first_reply_at_event,
        human.schedule_open_seconds
        - human_from.schedule_open_seconds as first_human_reply_at_event,
        first_solved.schedule_open_seconds
        - first_solved_from.schedule_open_seconds as first_resolution_at_event,
        solved.schedule_open_seconds - solved_from.schedule_open_seconds as full_resolution_at_event
    from measured as m
    join changed as h on m.account = h.account and m.ticket_id = h.ticket_id
    left join staging.ticket_instant as assigned
        on m.account = assigned.account
            and m.ticket_id = assigned.ticket_id
            and m.first_assigned_at = assigned.instant
            and assigned.is_in_force
    left join staging.ticket_instant as assigned_from
        on m.account = assigned_from.account
            and m.ticket_id = assigned_from.ticket_id
            and m.created_at = assigned_from.instant
            and assigned.schedule_id = assigned_from.schedule_id
    left join staging.ticket_instant as replied
        on m.account = replied.account
            and m.ticket_id = replied.ticket_id
            and m.first_reply_at = replied.instant
            and replied.is_in_force
    left join staging.ticket_instant as replied_from
        on m.account = replied_from.account
            and m.ticket_id = replied_from.ticket_id
            and m.created_at = replied_from.instant
            and replied.schedule_id = replied_from.schedule_id
    left join staging.ticket_instant as human
        on m.account = human.account
            and m.ticket_id = human.ticket_id
            and m.first_human_reply_at = human.instant
            and human.is_in_force
    left join staging.ticket_instant as human_from
        on m.account = human_from.account
            and m.ticket_id = human_from.ticket_id
            and m.created_at = human_from.instant
            and human.schedule_id = human_from.schedule_id
    left join staging.ticket_instant as first_solved
        on m.account = first_solved.account
            and m.ticket_id = first_solved.ticket_id
            and m.first_solved_at = first_solved.instant
            and first_solved.is_in_force
    left join staging.ticket_instant as first_solved_from
        on m.account = first_solved_from.account
            and m.ticket_id = first_solved_from.ticket_id
            and m.created_at = first_solved_from.instant
            and first_solved.schedule_id = first_solved_from.schedule_id
    left join staging.ticket_instant as solved
        on m.account = solved.account
            and m.ticket_id = solved.ticket_id
            and m.solved_at = solved.instant
            and solved.is_in_force
    left join staging.ticket_instant as solved_from
        on m.account = solved_from.account
            and m.ticket_id = solved_from.ticket_id
            and m.created_at = solved_from.instant
            and solved.schedule_id = solved_from.schedule_id
),

last_schedule as (
    select
        account,
        ticket_id,
        schedule_id
    from staging.schedule_span
    where until_at = timestamptz '2200-01-01 00:00:00+00'
)

select
    f.account,
    f.connector,
    f.ticket_id,
    f.number,
    f.status_category,
    f.priority,
    f.channel,
    f.type,
    f.requester_id,
    f.organization_id,
    f.assignee_id,
    f.team_id,
    h.schedule_id,
    f.is_created_by_agent,
    f.is_requester_agent,
    f.is_merged,
    f.merged_into_id,
    f.excluded_because is not null as is_excluded,
    f.excluded_because,
    f.created_at,
    cast(f.created_at at time zone p.time_zone as date) as created_on,
    f.first_assigned_at,
    f.first_reply_at,
    cast(f.first_reply_at at time zone p.time_zone as date) as first_replied_on,
    f.first_human_reply_at,
    f.first_solved_at,
    cast(f.first_solved_at at time zone p.time_zone as date) as first_solved_on,
    f.is_solved,
    f.solved_at,
    cast(f.solved_at at time zone p.time_zone as date) as solved_on,
    date_diff('second', f.created_at, f.first_assigned_at) as first_assignment_seconds_recorded,
    c.assigned_open - c.created_open as first_assignment_business_seconds_recorded,
    coalesce(x.first_assignment_at_event, c.assigned_open - c.created_open)
        as first_assignment_business_at_event_seconds_recorded,
    case
        when f.first_assigned_at is not null
            then date_diff('second', f.created_at, f.first_assigned_at)
        when not f.is_solved then r.age_seconds
    end as first_assignment_seconds_as_of,
    case
        when f.first_assigned_at is not null then c.assigned_open - c.created_open
        when not f.is_solved then r.age_business_seconds
    end as first_assignment_business_seconds_as_of,
    date_diff('second', f.created_at, f.first_reply_at) as first_reply_seconds_recorded,
    c.replied_open - c.created_open as first_reply_business_seconds_recorded,
    coalesce(x.first_reply_at_event, c.replied_open - c.created_open)
        as first_reply_business_at_event_seconds_recorded,
    case
        when f.first_reply_at is not null then date_diff('second', f.created_at, f.first_reply_at)
        when not f.is_solved then r.age_seconds
    end as first_reply_seconds_as_of,
    case
        when f.first_reply_at is not null then c.replied_open - c.created_open
        when not f.is_solved then r.age_business_seconds
    end as first_reply_business_seconds_as_of,
    date_diff('second', f.created_at, f.first_human_reply_at) as first_human_reply_seconds_recorded,
    c.human_open - c.created_open as first_human_reply_business_seconds_recorded,
    coalesce(x.first_human_reply_at_event, c.human_open - c.created_open)
        as first_human_reply_business_at_event_seconds_recorded,
    case
        when f.first_human_reply_at is not null
            then date_diff('second', f.created_at, f.first_human_reply_at)
        when not f.is_solved then r.age_seconds
    end as first_human_reply_seconds_as_of,
    case
        when f.first_human_reply_at is not null then c.human_open - c.created_open
        when not f.is_solved then r.age_business_seconds
    end as first_human_reply_business_seconds_as_of,
    date_diff('second', f.created_at, f.first_solved_at) as first_resolution_seconds_recorded,
    c.first_solved_open - c.created_open as first_resolution_business_seconds_recorded,
    coalesce(x.first_resolution_at_event, c.first_solved_open - c.created_open)
        as first_resolution_business_at_event_seconds_recorded,
    case
        when f.first_solved_at is not null then date_diff('second', f.created_at, f.first_solved_at)
        when not f.is_solved then r.age_seconds
    end as first_resolution_seconds_as_of,
    case
        when f.first_solved_at is not null then c.first_solved_open - c.created_open
        when not f.is_solved then r.age_business_seconds
    end as first_resolution_business_seconds_as_of,
    date_diff('second', f.created_at, f.solved_at) as full_resolution_seconds_recorded,
    c.solved_open - c.created_open as full_resolution_business_seconds_recorded,
    coalesce(x.full_resolution_at_event, c.solved_open - c.created_open)
        as full_resolution_business_at_event_seconds_recorded,
    case
        when f.solved_at is not null then date_diff('second', f.created_at, f.solved_at)
        when not f.is_solved then r.age_seconds
    end as full_resolution_seconds_as_of,
    case
        when f.solved_at is not null then c.solved_open - c.created_open
        when not f.is_solved then r.age_business_seconds
    end as full_resolution_business_seconds_as_of,
    f.agent_work_seconds_recorded,
    f.agent_work_business_seconds_recorded,
    f.agent_work_business_at_event_seconds_recorded,
    f.agent_work_seconds_as_of,
    f.agent_work_business_seconds_as_of,
    f.agent_wait_seconds_recorded,
    f.agent_wait_business_seconds_recorded,
    f.agent_wait_business_at_event_seconds_recorded,
    f.agent_wait_seconds_as_of,
    f.agent_wait_business_seconds_as_of,
    f.on_hold_seconds_recorded,
    f.on_hold_business_seconds_recorded,
    f.on_hold_business_at_event_seconds_recorded,
    f.on_hold_seconds_as_of,
    f.on_hold_business_seconds_as_of,
    f.requester_wait_seconds_recorded,
    f.requester_wait_business_seconds_recorded,
    f.requester_wait_business_at_event_seconds_recorded,
    f.requester_wait_seconds_as_of,
    f.requester_wait_business_seconds_as_of,
    f.next_replies_count,
    f.next_replies_seconds_recorded,
    f.next_replies_business_seconds_recorded,
    f.replies_count,
    f.public_messages_count,
    f.private_messages_count,
    f.customer_messages_count,
    f.solves_count,
    f.reopens_count,
    f.assignee_stations_count,
    f.team_stations_count,
    case when f.assignee_stations_count > 1 then f.assignee_stations_count - 1 else 0 end
        as reassignments_count,
    case when f.team_stations_count > 1 then f.team_stations_count - 1 else 0 end
        as transfers_count,
    f.is_solved and f.replies_count = 1 and not f.is_created_by_agent as is_one_touch,
    f.is_solved and f.replies_count = 0 and not f.is_created_by_agent as is_zero_touch,
    f.is_solved
    and f.replies_count = 1
    and not f.is_created_by_agent
    and f.reopens_count = 0
    and f.team_stations_count <= 1
    and f.recontacted_at is null as is_first_contact_resolution,
    f.recontacted_at,
    f.escalations_count > 0 as is_escalated,
    f.escalated_at,
    f.escalations_count,
    coalesce(f.csat_ratings_count, 0) as csat_ratings_count,
    f.csat_first_score_share,
    f.csat_score_share,
    f.csat_at,
    f.last_satisfied = 1 as is_csat_satisfied,
    f.first_satisfied = 0 and f.last_satisfied = 1 as is_bad_to_good,
    f.first_satisfied = 1 and f.last_satisfied = 0 as is_good_to_bad,
    f.handle_seconds,
    f.vendor_reopens_count,
    f.vendor_reassignments_count,
    f.vendor_made_sla,
    f.vendor_first_reply_minutes,
    f.vendor_first_reply_business_minutes,
    f.vendor_full_resolution_minutes
from measured as f
cross join ops.reporting_setting as p
left join clock as c on f.account = c.account and f.ticket_id = c.ticket_id
left join present as r on f.account = r.account and f.ticket_id = r.ticket_id
left join switched as x on f.account = x.account and f.ticket_id = x.ticket_id
left join last_schedule as h on f.account = h.account and f.ticket_id = h.ticket_id
