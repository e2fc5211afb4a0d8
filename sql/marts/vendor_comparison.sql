-- One row for each figure that both we and the vendor have of a ticket: ours, the vendor's, and the
-- decision that explains the difference (sql/DECISIONS.md, "The vendor's own figures"). An
-- explanation holds only where the figure by the vendor's rule is the vendor's figure, or where a
-- fact of the ticket makes both rules differ; what nothing explains is unexplained.
with sla_events as (
    select
        sla_event.account,
        sla_event.ticket_id,
        sla_event.kind,
        sla_event.happened_at,
        case
            when account_value.meaning = 'first_reply' and sla_event.instance not in ('0', '1')
                and verdict_mapping.unified = 'numbered'
                then 'next_reply'
            else coalesce(account_value.meaning, 'other')
        end as metric,
        sla_event.target_minutes
    from source.sla_event as sla_event
    join staging.value_map as verdict_mapping
        on verdict_mapping.kind = 'sla_verdict'
            and sla_event.connector = verdict_mapping.connector
    left join staging.account_value as account_value
        on account_value.kind = 'sla_metric'
            and sla_event.account = account_value.account
            and sla_event.metric = account_value.value
),

-- The vendor's verdicts, where its own events give them.
sla_verdicts as (
    select
        account,
        ticket_id,
        metric,
        count(
            distinct case when kind = 'apply' then coalesce(target_minutes, -1) end
        ) as targets_count,
        max(happened_at) as published_at,
        case
            when sum(case when kind = 'breach' then 1 else 0 end) > 0 then 0.0
            when sum(case when kind = 'fulfill' then 1 else 0 end) > 0 then 1.0
        end as met
    from sla_events
    group by account, ticket_id, metric
),

vendor_figures as (
    select
        account,
        ticket_id,
        measure,
        calendar,
        measure || '/' || calendar as kind_of_figure,
        unit,
        value as vendor_value,
        version_at as published_at,
        1 as targets_count
    from source.vendor_measure
    union all
    select
        account,
        ticket_id,
        'sla_' || metric as measure,
        'none' as calendar,
        'sla_' || metric || '/none' as kind_of_figure,
        'verdict' as unit,
        met as vendor_value,
        published_at,
        targets_count
    from sla_verdicts
    where met is not null and metric <> 'other'
),

our_verdicts as (
    select
        account,
        ticket_id,
        metric,
        case
            when sum(case when state = 'breached' then 1 else 0 end) > 0 then 0.0
            when sum(case when state = 'running' then 1 else 0 end) = 0 then 1.0
        end as met,
        max(case when is_ended_without_reply then 1 else 0 end) as without_reply,
        max(case when is_business then target_seconds end) as business_target_seconds
    from core.fct_sla_clock
    group by account, ticket_id, metric
),

every_verdict as (
    select
        account,
        ticket_id,
        'sla_' || metric as measure,
        met,
        without_reply,
        business_target_seconds
    from our_verdicts
    union all
    select
        account,
        ticket_id,
        'sla' as measure,
        min(met) as met,
        max(without_reply) as without_reply,
        cast(null as bigint) as business_target_seconds
    from our_verdicts
    group by account, ticket_id
    having min(met) = 0 or count(*) = count(met)
),

message_totals as (
    select
        account,
        ticket_id,
        min(
            case
                when is_public and not is_opening and author_role in ('agent', 'bot') then sent_at
            end
        ) as first_reply_or_bot_at,
        sum(case when is_reply then 1 else 0 end) as replies_of_all,
        sum(case when is_public and author_role = 'agent' then 1 else 0 end) as public_of_agents,
        sum(case when is_public and author_role in ('agent', 'bot') then 1 else 0 end)
            as public_of_agents_and_bots,
        sum(
            case
                when is_public and not is_opening and author_role in ('agent', 'bot') then 1
                else 0
            end
        ) as replies_and_bots,
        max(case when is_reply then sent_at end) as last_reply_at
    from staging.message
    group by account, ticket_id
),

status_totals as (
    select
        account,
        ticket_id,
        max(starts_at) as last_change_at,
        sum(case when category = 'deleted' then coalesce(seconds_recorded, 0) else 0 end)
            as binned_seconds,
        max(case when category = 'solved' then 1 else 0 end) as was_solved
    from core.fct_status_interval
    group by account, ticket_id
),

-- When the vendor last changed the opening hours of a schedule.
changed_schedules as (
    select
        account,
        schedule_id,
        max(version_at) as changed_at
    from source.business_schedule
    group by account, schedule_id
),

compared as (
    select
        ticket.account,
        ticket.connector,
        ticket.ticket_id,
        ticket.number,
        ticket.team_id,
        ticket.channel,
        ticket.priority,
        ticket.created_at,
        ticket.is_excluded,
        ticket.is_solved,
        ticket.reopens_count,
        ticket.csat_first_score_share,
        figure.measure,
        figure.calendar,
        figure.unit,
        figure.vendor_value,
        figure.published_at,
        figure.targets_count,
        every_verdict.without_reply,
        every_verdict.business_target_seconds,
        message_totals.replies_of_all,
        message_totals.public_of_agents,
        message_totals.public_of_agents_and_bots,
        message_totals.replies_and_bots,
        status_totals.binned_seconds,
        status_totals.was_solved,
        changed_schedules.changed_at as schedule_changed_at,
        case figure.unit when 'minutes' then 60.0 when 'milliseconds' then 0.001 else 1.0 end
            as unit_seconds,
        case figure.unit
            when 'minutes' then 59.999 when 'milliseconds' then 1.001
            when 'seconds' then 1.001
            else 0.000001
        end as rounding_seconds,
        date_diff('second', ticket.created_at, message_totals.first_reply_or_bot_at)
            as first_reply_or_bot_seconds,
        cast(
            case figure.kind_of_figure
                when 'first_reply/calendar' then ticket.first_reply_seconds_recorded
                when 'first_reply/business' then ticket.first_reply_business_seconds_recorded
                when 'first_resolution/calendar' then ticket.first_resolution_seconds_recorded
                when 'first_resolution/business'
                    then ticket.first_resolution_business_seconds_recorded
                when 'resolution/calendar' then ticket.full_resolution_seconds_recorded
                when 'resolution/business' then ticket.full_resolution_business_seconds_recorded
                when 'requester_wait/calendar' then ticket.requester_wait_seconds_recorded
                when 'requester_wait/business' then ticket.requester_wait_business_seconds_recorded
                when 'agent_wait/calendar' then ticket.agent_wait_seconds_recorded
                when 'agent_wait/business' then ticket.agent_wait_business_seconds_recorded
                when 'on_hold/calendar' then ticket.on_hold_seconds_recorded
                when 'on_hold/business' then ticket.on_hold_business_seconds_recorded
                when 'reopens/none' then ticket.reopens_count
                when 'replies/none' then ticket.replies_count
                when 'reassignments/none' then ticket.reassignments_count
            end as double
        ) as our_amount,
        cast(
            case figure.kind_of_figure
                when 'first_reply/business'
                    then ticket.first_reply_business_at_event_seconds_recorded
                when 'sla_first_reply/none'
                    then ticket.first_reply_business_at_event_seconds_recorded
                when 'sla_resolution/none'
                    then ticket.full_resolution_business_at_event_seconds_recorded
                when 'sla_requester_wait/none'
                    then ticket.requester_wait_business_at_event_seconds_recorded
                when 'sla_agent_work/none'
                    then ticket.agent_work_business_at_event_seconds_recorded
                when 'first_resolution/business'
                    then ticket.first_resolution_business_at_event_seconds_recorded
                when 'resolution/business'
                    then ticket.full_resolution_business_at_event_seconds_recorded
                when 'requester_wait/business'
                    then ticket.requester_wait_business_at_event_seconds_recorded
                when 'agent_wait/business' then ticket.agent_wait_business_at_event_seconds_recorded
                when 'on_hold/business' then ticket.on_hold_business_at_event_seconds_recorded
            end as double
        ) as at_event_seconds,
        cast(
            case figure.kind_of_figure
                when 'requester_wait/calendar' then ticket.requester_wait_seconds_as_of
                when 'requester_wait/business' then ticket.requester_wait_business_seconds_as_of
                when 'agent_wait/calendar' then ticket.agent_wait_seconds_as_of
                when 'agent_wait/business' then ticket.agent_wait_business_seconds_as_of
                when 'on_hold/calendar' then ticket.on_hold_seconds_as_of
                when 'on_hold/business' then ticket.on_hold_business_seconds_as_of
            end as double
        ) as amount_as_of,
        case
            when figure.unit = 'share' then ticket.csat_score_share
            when figure.unit = 'verdict' then every_verdict.met
        end as our_share,
        case figure.measure
            when 'first_reply' then ticket.first_reply_at
            when 'replies' then message_totals.last_reply_at
            when 'survey_score' then ticket.csat_at
            else status_totals.last_change_at
        end as ours_at
    from vendor_figures as figure
    join core.fct_ticket as ticket
        on figure.account = ticket.account and figure.ticket_id = ticket.ticket_id
    left join every_verdict
        on figure.account = every_verdict.account
            and figure.ticket_id = every_verdict.ticket_id
            and figure.measure = every_verdict.measure
    left join message_totals
        on figure.account = message_totals.account
            and figure.ticket_id = message_totals.ticket_id
    left join status_totals
        on figure.account = status_totals.account and figure.ticket_id = status_totals.ticket_id
    left join changed_schedules
        on ticket.account = changed_schedules.account
            and ticket.schedule_id = changed_schedules.schedule_id
),

measured as (
    select
        *,
        coalesce(our_amount / unit_seconds, our_share) as our_value,
        rounding_seconds / unit_seconds as rounding
    from compared
),

explained as (
    select
        *,
        case
            when our_value = vendor_value then 'equal'
            when abs(our_value - vendor_value) <= rounding then 'rounding'
            when unit = 'verdict'
                and vendor_value
                = case when at_event_seconds <= business_target_seconds then 1 else 0 end
                and at_event_seconds is not null
                and business_target_seconds is not null
                then 'schedule_at_event'
            when unit <> 'verdict'
                and abs(at_event_seconds / unit_seconds - vendor_value) <= rounding
                then 'schedule_at_event'
            when measure = 'first_reply'
                and calendar = 'calendar'
                and abs(first_reply_or_bot_seconds / unit_seconds - vendor_value) <= rounding
                then 'bots_counted'
            when measure = 'replies' and vendor_value in (replies_of_all, replies_and_bots)
                then 'bots_counted'
            when measure = 'replies'
                and vendor_value in (public_of_agents, public_of_agents_and_bots)
                then 'opening_counted'
            when measure = 'survey_score'
                and abs(csat_first_score_share - vendor_value) <= 0.000001
                then 'first_rating'
            when measure in ('requester_wait', 'agent_wait', 'on_hold')
                and calendar = 'calendar'
                and binned_seconds > 0
                and abs((our_amount + binned_seconds) / unit_seconds - vendor_value) <= rounding
                then 'time_in_bin'
            when not is_solved
                and vendor_value between our_value and amount_as_of / unit_seconds + rounding
                then 'still_running'
            when is_excluded then 'merged'
            when measure in ('first_resolution', 'resolution')
                and vendor_value is null
                and was_solved = 0
                then 'closed_unsolved'
            when unit <> 'verdict' and published_at < ours_at then 'published_before'
            when calendar = 'business' and schedule_changed_at > published_at then 'hours_changed'
            when unit = 'verdict' and targets_count > 1 then 'target_changed'
            when unit = 'verdict' and without_reply = 1 then 'ended_without_reply'
            when unit = 'verdict'
                and measure not in ('sla', 'sla_first_reply', 'sla_next_reply')
                and reopens_count > 0
                then 'clock_goes_on'
        end as reason
    from measured
    where
        case
            when unit = 'verdict' then our_value is not null and vendor_value is not null
            when measure in ('first_reply', 'first_resolution', 'resolution')
                and calendar = 'calendar'
                then our_value is not null or vendor_value is not null
            else vendor_value is not null
        end
)

select
    account,
    ticket_id,
    measure,
    calendar,
    unit,
    connector,
    number,
    created_at,
    team_id,
    channel,
    priority,
    is_excluded,
    our_value,
    vendor_value,
    our_value - vendor_value as difference,
    case
        when reason = 'equal' then 'equal'
        when reason is null then 'unexplained'
        else 'explained'
    end as state,
    case when reason <> 'equal' then reason end as explanation,
    published_at
from explained
