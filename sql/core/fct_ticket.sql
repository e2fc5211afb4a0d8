-- One row for each ticket with its measures. `_recorded` counts finished things only; `_as_of` lets
-- unfinished clocks run to the run's as-of instant. `_business` is cumulative: each second is
-- judged by the schedule in force at that second; `_at_event` judges the whole span by the schedule
-- in force at its end (Zendesk's rule).
with status_totals as (
    select
        account,
        ticket_id,
        min(case when is_solve then starts_at end) as first_solved_at,
        max(case when is_solve then starts_at end) as last_solved_at,
        sum(case when is_solve then 1 else 0 end) as solves_count,
        sum(case when is_reopen then 1 else 0 end) as reopens_count,
        sum(case when is_solve then 1 when is_reopen then -1 else 0 end) as is_solved,
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

message_totals as (
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

reply_wait_totals as (
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

assignment_totals as (
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

-- Raises of the priority, for accounts that count these as escalations.
priority_changes as (
    select
        event.account,
        event.ticket_id,
        event.changed_at,
        case priority.meaning
            when 'low' then 1 when 'normal' then 2
            when 'high' then 3
            when 'urgent' then 4
        end as rank_after,
        lag(
            case priority.meaning
                when 'low' then 1 when 'normal' then 2
                when 'high' then 3
                when 'urgent' then 4
            end
        ) over (
            partition by event.account, event.ticket_id
            order by event.changed_at, coalesce(event.sequence, 0), event.event_id
        ) as rank_before
    from source.ticket_event as event
    join ops.account_mark as mark
        on event.account = mark.account and mark.kind = 'escalate_on_raise'
    left join staging.account_value as priority
        on priority.kind = 'priority'
            and event.account = priority.account
            and event.to_value = priority.value
    where event.field = 'priority'
),

-- The settings name a team by its id, or by its name at the vendor or here.
escalation_teams as (
    select
        account,
        value as team_id
    from ops.account_mark
    where kind = 'escalation_team'
    union
    select
        team.account,
        team.counts_as_id
    from staging.team as team
    join ops.account_mark as mark
        on team.account = mark.account
            and mark.kind = 'escalation_team'
            and (
                team.team_id = mark.value
                or team.vendor_name = mark.value
                or team.name = mark.value
            )
),

escalations as (
    select
        assignment.account,
        assignment.ticket_id,
        assignment.starts_at as escalated_at
    from core.fct_assignment as assignment
    join escalation_teams
        on assignment.account = escalation_teams.account
            and assignment.holder_id = escalation_teams.team_id
    where assignment.kind = 'team' and assignment.position > 1
    union all
    select
        account,
        ticket_id,
        changed_at
    from priority_changes
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

ranked_ratings as (
    select
        ticket_account as account,
        ticket_id,
        score_share,
        is_satisfied,
        responded_at,
        row_number()
            over (
                partition by ticket_account, ticket_id
                order by responded_at, version_at, response_id
            )
            as from_first,
        row_number()
            over (
                partition by ticket_account, ticket_id
                order by responded_at desc, version_at desc, response_id desc
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
    from ranked_ratings
    group by account, ticket_id
),

time_totals as (
    select
        account,
        ticket_id,
        sum(seconds) as handle_seconds
    from source.time_entry
    group by account, ticket_id
),

-- People are named by id or by login.
agent_people as (
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

ticket_measures as (
    select
        ticket.account,
        ticket.connector,
        ticket.ticket_id,
        ticket.number,
        ticket.status_category,
        ticket.priority,
        ticket.channel,
        ticket.type,
        ticket.requester_id,
        ticket.organization_id,
        ticket.assignee_id,
        ticket.team_id,
        ticket.created_at,
        ticket.merged_into_id,
        ticket.is_merged,
        ticket.excluded_because,
        coalesce(
            message_totals.opened_by_agent,
            case
                when creator.person_id is not null
                    and ticket.created_by_id is distinct from ticket.requester_id
                    then 1
                else 0
            end
        )
        = 1
            as is_created_by_agent,
        requester.person_id is not null as is_requester_agent,
        message_totals.first_reply_at,
        message_totals.first_human_reply_at,
        coalesce(message_totals.replies_count, 0) as replies_count,
        coalesce(message_totals.public_messages_count, 0) as public_messages_count,
        coalesce(message_totals.private_messages_count, 0) as private_messages_count,
        coalesce(message_totals.customer_messages_count, 0) as customer_messages_count,
        coalesce(reply_wait_totals.next_replies_count, 0) as next_replies_count,
        reply_wait_totals.next_replies_seconds_recorded,
        reply_wait_totals.next_replies_business_seconds_recorded,
        first_assigned.first_assigned_at,
        coalesce(assignment_totals.assignee_stations_count, 0) as assignee_stations_count,
        coalesce(assignment_totals.team_stations_count, 0) as team_stations_count,
        status_totals.first_solved_at,
        status_totals.solves_count,
        status_totals.reopens_count,
        status_totals.is_solved = 1 as is_solved,
        case when status_totals.is_solved = 1 then status_totals.last_solved_at end as solved_at,
        status_totals.agent_work_seconds_recorded,
        status_totals.agent_work_business_seconds_recorded,
        status_totals.agent_work_business_at_event_seconds_recorded,
        status_totals.agent_work_seconds_as_of,
        status_totals.agent_work_business_seconds_as_of,
        status_totals.agent_wait_seconds_recorded,
        status_totals.agent_wait_business_seconds_recorded,
        status_totals.agent_wait_business_at_event_seconds_recorded,
        status_totals.agent_wait_seconds_as_of,
        status_totals.agent_wait_business_seconds_as_of,
        status_totals.on_hold_seconds_recorded,
        status_totals.on_hold_business_seconds_recorded,
        status_totals.on_hold_business_at_event_seconds_recorded,
        status_totals.on_hold_seconds_as_of,
        status_totals.on_hold_business_seconds_as_of,
        status_totals.requester_wait_seconds_recorded,
        status_totals.requester_wait_business_seconds_recorded,
        status_totals.requester_wait_business_at_event_seconds_recorded,
        status_totals.requester_wait_seconds_as_of,
        status_totals.requester_wait_business_seconds_as_of,
        first_escalation.escalated_at,
        coalesce(first_escalation.escalations_count, 0) as escalations_count,
        recontact.recontacted_at,
        ratings.csat_ratings_count,
        ratings.csat_first_score_share,
        ratings.csat_score_share,
        ratings.first_satisfied,
        ratings.last_satisfied,
        ratings.csat_at,
        time_totals.handle_seconds,
        ticket.vendor_reopens_count,
        ticket.vendor_reassignments_count,
        ticket.vendor_made_sla,
        ticket.vendor_first_reply_minutes,
        ticket.vendor_first_reply_business_minutes,
        ticket.vendor_full_resolution_minutes
    from staging.ticket as ticket
    join status_totals
        on ticket.account = status_totals.account and ticket.ticket_id = status_totals.ticket_id
    left join message_totals
        on ticket.account = message_totals.account and ticket.ticket_id = message_totals.ticket_id
    left join reply_wait_totals
        on ticket.account = reply_wait_totals.account
            and ticket.ticket_id = reply_wait_totals.ticket_id
    left join assignment_totals
        on ticket.account = assignment_totals.account
            and ticket.ticket_id = assignment_totals.ticket_id
    left join first_assigned
        on ticket.account = first_assigned.account and ticket.ticket_id = first_assigned.ticket_id
    left join first_escalation
        on ticket.account = first_escalation.account
            and ticket.ticket_id = first_escalation.ticket_id
    left join core.fct_recontact as recontact
        on ticket.account = recontact.account and ticket.ticket_id = recontact.ticket_id
    left join ratings on ticket.account = ratings.account and ticket.ticket_id = ratings.ticket_id
    left join time_totals
        on ticket.account = time_totals.account and ticket.ticket_id = time_totals.ticket_id
    left join agent_people as creator
        on ticket.account = creator.account and ticket.created_by_id = creator.person_id
    left join agent_people as requester
        on ticket.account = requester.account and ticket.requester_id = requester.person_id
),

-- Open seconds of the ticket's own clock at each of its milestones.
clock_readings as (
    select
        ticket_measures.account,
        ticket_measures.ticket_id,
        max(case when clock.instant = ticket_measures.created_at then clock.open_seconds end)
            as created_open,
        max(
            case when clock.instant = ticket_measures.first_assigned_at then clock.open_seconds end
        ) as assigned_open,
        max(case when clock.instant = ticket_measures.first_reply_at then clock.open_seconds end)
            as replied_open,
        max(
            case
                when clock.instant = ticket_measures.first_human_reply_at then clock.open_seconds
            end
        ) as human_open,
        max(case when clock.instant = ticket_measures.first_solved_at then clock.open_seconds end)
            as first_solved_open,
        max(case when clock.instant = ticket_measures.solved_at then clock.open_seconds end)
            as solved_open
    from ticket_measures
    join staging.ticket_instant as clock
        on ticket_measures.account = clock.account
            and ticket_measures.ticket_id = clock.ticket_id
            and clock.is_in_force
    group by ticket_measures.account, ticket_measures.ticket_id
),

-- Ages of tickets that still run, up to the as-of instant.
ticket_ages as (
    select
        ticket_measures.account,
        ticket_measures.ticket_id,
        schedule_span.schedule_id,
        case
            when zone.as_of > ticket_measures.created_at
                then date_diff('second', ticket_measures.created_at, zone.as_of)
            else 0
        end as age_seconds,
        case
            when zone.as_of > ticket_measures.created_at
                then running_schedule.open_seconds
                    + schedule_span.open_offset
                    - clock_readings.created_open
            else 0
        end as age_business_seconds
    from ticket_measures
    join ops.reporting_zone as zone on zone.is_main
    left join clock_readings
        on ticket_measures.account = clock_readings.account
            and ticket_measures.ticket_id = clock_readings.ticket_id
    left join staging.schedule_span as schedule_span
        on ticket_measures.account = schedule_span.account
            and ticket_measures.ticket_id = schedule_span.ticket_id
            and zone.as_of >= schedule_span.from_at
            and zone.as_of < schedule_span.until_at
    left join staging.schedule_now as running_schedule
        on schedule_span.account = running_schedule.account
            and schedule_span.schedule_id = running_schedule.schedule_id
),

rescheduled_tickets as (
    select distinct
        account,
        ticket_id
    from staging.schedule_span
    where position > 0
),

-- Only tickets that changed their schedule differ under the rule that judges by the last one.
at_event_measures as (
    select
        ticket_measures.account,
        ticket_measures.ticket_id,
        assigned.schedule_open_seconds
        - assigned_from.schedule_open_seconds as first_assignment_at_event,
        replied.schedule_open_seconds - replied_from.schedule_open_seconds as first_reply_at_event,
        human.schedule_open_seconds
        - human_from.schedule_open_seconds as first_human_reply_at_event,
        first_solved.schedule_open_seconds
        - first_solved_from.schedule_open_seconds as first_resolution_at_event,
        solved.schedule_open_seconds - solved_from.schedule_open_seconds as full_resolution_at_event
    from ticket_measures
    join rescheduled_tickets
        on ticket_measures.account = rescheduled_tickets.account
            and ticket_measures.ticket_id = rescheduled_tickets.ticket_id
    left join staging.ticket_instant as assigned
        on ticket_measures.account = assigned.account
            and ticket_measures.ticket_id = assigned.ticket_id
            and ticket_measures.first_assigned_at = assigned.instant
            and assigned.is_in_force
    left join staging.ticket_instant as assigned_from
        on ticket_measures.account = assigned_from.account
            and ticket_measures.ticket_id = assigned_from.ticket_id
            and ticket_measures.created_at = assigned_from.instant
            and assigned.schedule_id = assigned_from.schedule_id
    left join staging.ticket_instant as replied
        on ticket_measures.account = replied.account
            and ticket_measures.ticket_id = replied.ticket_id
            and ticket_measures.first_reply_at = replied.instant
            and replied.is_in_force
    left join staging.ticket_instant as replied_from
        on ticket_measures.account = replied_from.account
            and ticket_measures.ticket_id = replied_from.ticket_id
            and ticket_measures.created_at = replied_from.instant
            and replied.schedule_id = replied_from.schedule_id
    left join staging.ticket_instant as human
        on ticket_measures.account = human.account
            and ticket_measures.ticket_id = human.ticket_id
            and ticket_measures.first_human_reply_at = human.instant
            and human.is_in_force
    left join staging.ticket_instant as human_from
        on ticket_measures.account = human_from.account
            and ticket_measures.ticket_id = human_from.ticket_id
            and ticket_measures.created_at = human_from.instant
            and human.schedule_id = human_from.schedule_id
    left join staging.ticket_instant as first_solved
        on ticket_measures.account = first_solved.account
            and ticket_measures.ticket_id = first_solved.ticket_id
            and ticket_measures.first_solved_at = first_solved.instant
            and first_solved.is_in_force
    left join staging.ticket_instant as first_solved_from
        on ticket_measures.account = first_solved_from.account
            and ticket_measures.ticket_id = first_solved_from.ticket_id
            and ticket_measures.created_at = first_solved_from.instant
            and first_solved.schedule_id = first_solved_from.schedule_id
    left join staging.ticket_instant as solved
        on ticket_measures.account = solved.account
            and ticket_measures.ticket_id = solved.ticket_id
            and ticket_measures.solved_at = solved.instant
            and solved.is_in_force
    left join staging.ticket_instant as solved_from
        on ticket_measures.account = solved_from.account
            and ticket_measures.ticket_id = solved_from.ticket_id
            and ticket_measures.created_at = solved_from.instant
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
    measures.account,
    measures.connector,
    measures.ticket_id,
    measures.number,
    measures.status_category,
    measures.priority,
    measures.channel,
    measures.type,
    measures.requester_id,
    measures.organization_id,
    measures.assignee_id,
    measures.team_id,
    last_schedule.schedule_id,
    measures.is_created_by_agent,
    measures.is_requester_agent,
    measures.is_merged,
    measures.merged_into_id,
    measures.excluded_because is not null as is_excluded,
    measures.excluded_because,
    measures.created_at,
    cast(measures.created_at at time zone setting.time_zone as date) as created_on,
    cast(extract(hour from measures.created_at at time zone setting.time_zone) as bigint)
        as created_hour,
    measures.first_assigned_at,
    measures.first_reply_at,
    cast(measures.first_reply_at at time zone setting.time_zone as date) as first_replied_on,
    measures.first_human_reply_at,
    measures.first_solved_at,
    cast(measures.first_solved_at at time zone setting.time_zone as date) as first_solved_on,
    measures.is_solved,
    measures.solved_at,
    cast(measures.solved_at at time zone setting.time_zone as date) as solved_on,
    date_diff('second', measures.created_at, measures.first_assigned_at)
        as first_assignment_seconds_recorded,
    clock_readings.assigned_open
    - clock_readings.created_open as first_assignment_business_seconds_recorded,
    coalesce(
        at_event_measures.first_assignment_at_event,
        clock_readings.assigned_open - clock_readings.created_open
    )
        as first_assignment_business_at_event_seconds_recorded,
    case
        when measures.first_assigned_at is not null
            then date_diff('second', measures.created_at, measures.first_assigned_at)
        when not measures.is_solved then ticket_ages.age_seconds
    end as first_assignment_seconds_as_of,
    case
        when measures.first_assigned_at is not null
            then clock_readings.assigned_open - clock_readings.created_open
        when not measures.is_solved then ticket_ages.age_business_seconds
    end as first_assignment_business_seconds_as_of,
    date_diff('second', measures.created_at, measures.first_reply_at)
        as first_reply_seconds_recorded,
    clock_readings.replied_open
    - clock_readings.created_open as first_reply_business_seconds_recorded,
    coalesce(
        at_event_measures.first_reply_at_event,
        clock_readings.replied_open - clock_readings.created_open
    )
        as first_reply_business_at_event_seconds_recorded,
    case
        when measures.first_reply_at is not null
            then date_diff('second', measures.created_at, measures.first_reply_at)
        when not measures.is_solved then ticket_ages.age_seconds
    end as first_reply_seconds_as_of,
    case
        when measures.first_reply_at is not null
            then clock_readings.replied_open - clock_readings.created_open
        when not measures.is_solved then ticket_ages.age_business_seconds
    end as first_reply_business_seconds_as_of,
    date_diff('second', measures.created_at, measures.first_human_reply_at)
        as first_human_reply_seconds_recorded,
    clock_readings.human_open
    - clock_readings.created_open as first_human_reply_business_seconds_recorded,
    coalesce(
        at_event_measures.first_human_reply_at_event,
        clock_readings.human_open - clock_readings.created_open
    )
        as first_human_reply_business_at_event_seconds_recorded,
    case
        when measures.first_human_reply_at is not null
            then date_diff('second', measures.created_at, measures.first_human_reply_at)
        when not measures.is_solved then ticket_ages.age_seconds
    end as first_human_reply_seconds_as_of,
    case
        when measures.first_human_reply_at is not null
            then clock_readings.human_open - clock_readings.created_open
        when not measures.is_solved then ticket_ages.age_business_seconds
    end as first_human_reply_business_seconds_as_of,
    date_diff('second', measures.created_at, measures.first_solved_at)
        as first_resolution_seconds_recorded,
    clock_readings.first_solved_open
    - clock_readings.created_open as first_resolution_business_seconds_recorded,
    coalesce(
        at_event_measures.first_resolution_at_event,
        clock_readings.first_solved_open - clock_readings.created_open
    )
        as first_resolution_business_at_event_seconds_recorded,
    case
        when measures.first_solved_at is not null
            then date_diff('second', measures.created_at, measures.first_solved_at)
        when not measures.is_solved then ticket_ages.age_seconds
    end as first_resolution_seconds_as_of,
    case
        when measures.first_solved_at is not null
            then clock_readings.first_solved_open - clock_readings.created_open
        when not measures.is_solved then ticket_ages.age_business_seconds
    end as first_resolution_business_seconds_as_of,
    date_diff('second', measures.created_at, measures.solved_at)
        as full_resolution_seconds_recorded,
    clock_readings.solved_open
    - clock_readings.created_open as full_resolution_business_seconds_recorded,
    coalesce(
        at_event_measures.full_resolution_at_event,
        clock_readings.solved_open - clock_readings.created_open
    )
        as full_resolution_business_at_event_seconds_recorded,
    case
        when measures.solved_at is not null
            then date_diff('second', measures.created_at, measures.solved_at)
        when not measures.is_solved then ticket_ages.age_seconds
    end as full_resolution_seconds_as_of,
    case
        when measures.solved_at is not null
            then clock_readings.solved_open - clock_readings.created_open
        when not measures.is_solved then ticket_ages.age_business_seconds
    end as full_resolution_business_seconds_as_of,
    measures.agent_work_seconds_recorded,
    measures.agent_work_business_seconds_recorded,
    measures.agent_work_business_at_event_seconds_recorded,
    measures.agent_work_seconds_as_of,
    measures.agent_work_business_seconds_as_of,
    measures.agent_wait_seconds_recorded,
    measures.agent_wait_business_seconds_recorded,
    measures.agent_wait_business_at_event_seconds_recorded,
    measures.agent_wait_seconds_as_of,
    measures.agent_wait_business_seconds_as_of,
    measures.on_hold_seconds_recorded,
    measures.on_hold_business_seconds_recorded,
    measures.on_hold_business_at_event_seconds_recorded,
    measures.on_hold_seconds_as_of,
    measures.on_hold_business_seconds_as_of,
    measures.requester_wait_seconds_recorded,
    measures.requester_wait_business_seconds_recorded,
    measures.requester_wait_business_at_event_seconds_recorded,
    measures.requester_wait_seconds_as_of,
    measures.requester_wait_business_seconds_as_of,
    measures.next_replies_count,
    measures.next_replies_seconds_recorded,
    measures.next_replies_business_seconds_recorded,
    measures.replies_count,
    measures.public_messages_count,
    measures.private_messages_count,
    measures.customer_messages_count,
    measures.solves_count,
    measures.reopens_count,
    measures.assignee_stations_count,
    measures.team_stations_count,
    case
        when measures.assignee_stations_count > 1 then measures.assignee_stations_count - 1
        else 0
    end
        as reassignments_count,
    case when measures.team_stations_count > 1 then measures.team_stations_count - 1 else 0 end
        as transfers_count,
    measures.is_solved
    and measures.replies_count = 1
    and not measures.is_created_by_agent as is_one_touch,
    measures.is_solved
    and measures.replies_count = 0
    and not measures.is_created_by_agent as is_zero_touch,
    measures.is_solved
    and measures.replies_count = 1
    and not measures.is_created_by_agent
    and measures.reopens_count = 0
    and measures.team_stations_count <= 1
    and measures.recontacted_at is null as is_first_contact_resolution,
    measures.recontacted_at,
    measures.escalations_count > 0 as is_escalated,
    measures.escalated_at,
    measures.escalations_count,
    coalesce(measures.csat_ratings_count, 0) as csat_ratings_count,
    measures.csat_first_score_share,
    measures.csat_score_share,
    measures.csat_at,
    measures.last_satisfied = 1 as is_csat_satisfied,
    measures.first_satisfied = 0 and measures.last_satisfied = 1 as is_bad_to_good,
    measures.first_satisfied = 1 and measures.last_satisfied = 0 as is_good_to_bad,
    measures.handle_seconds,
    measures.vendor_reopens_count,
    measures.vendor_reassignments_count,
    measures.vendor_made_sla,
    measures.vendor_first_reply_minutes,
    measures.vendor_first_reply_business_minutes,
    measures.vendor_full_resolution_minutes
from ticket_measures as measures
cross join ops.reporting_setting as setting
left join clock_readings
    on measures.account = clock_readings.account and measures.ticket_id = clock_readings.ticket_id
left join ticket_ages
    on measures.account = ticket_ages.account and measures.ticket_id = ticket_ages.ticket_id
left join at_event_measures
    on measures.account = at_event_measures.account
        and measures.ticket_id = at_event_measures.ticket_id
left join last_schedule
    on measures.account = last_schedule.account and measures.ticket_id = last_schedule.ticket_id
