-- One row for each SLA clock of a ticket. Where the vendor reports the targets it applied
-- (value_map kind sla_clock), elapsed time is computed here from the ticket's history; otherwise
-- the vendor's own cycles are used. Tickets without a vendor clock of a metric get the file's
-- targets by their present team and priority. Of the targets that fit, one that names the desk wins
-- over one that names the team, then the priority, then the later day. A clock is breached when its
-- elapsed time exceeds the target; elapsed time equal to the target is achieved.
--
-- Metrics for which the vendor runs clocks itself: the file's targets leave them alone.
with vendor_clocks as (
    select distinct
        sla_event.account,
        sla_event.ticket_id,
        coalesce(account_value.meaning, 'other') as metric
    from source.sla_event as sla_event
    left join staging.account_value as account_value
        on account_value.kind = 'sla_metric'
            and sla_event.account = account_value.account
            and sla_event.metric = account_value.value
),

-- Targets from the file, the most specific one first.
file_targets as (
    select
        ticket.account,
        ticket.ticket_id,
        ticket.created_at,
        sla_target.metric,
        cast(floor(sla_target.target_minutes * 60 + 0.5) as bigint) as target_seconds,
        sla_target.is_business,
        row_number() over (
            partition by ticket.account, ticket.ticket_id, sla_target.metric
            order by
                case when sla_target.desk = 'all' then 1 else 0 end,
                case when sla_target.team = 'all' then 1 else 0 end,
                case when sla_target.priority = 'all' then 1 else 0 end,
                sla_target.valid_from_on desc, sla_target.account asc
        ) as place
    from core.fct_ticket as ticket
    left join staging.known_team as team
        on ticket.account = team.account and ticket.team_id = team.team_id
    join source.sla_target as sla_target
        on (ticket.account = sla_target.desk or sla_target.desk = 'all')
            and (team.name = sla_target.team or sla_target.team = 'all')
            and (ticket.priority = sla_target.priority or sla_target.priority = 'all')
            and ticket.created_on >= sla_target.valid_from_on
    left join vendor_clocks
        on ticket.account = vendor_clocks.account
            and ticket.ticket_id = vendor_clocks.ticket_id
            and sla_target.metric = vendor_clocks.metric
    where vendor_clocks.ticket_id is null
),

-- Targets that the vendor applied, on clocks that are computed here.
vendor_targets as (
    select
        sla_event.account,
        sla_event.ticket_id,
        sla_event.event_id,
        sla_event.happened_at,
        sla_event.policy_id,
        cast(floor(sla_event.target_minutes * 60 + 0.5) as bigint) as target_seconds,
        coalesce(sla_event.is_business, false) as is_business,
        case
            when account_value.meaning = 'first_reply' and sla_event.instance not in ('0', '1')
                then 'next_reply'
            else coalesce(account_value.meaning, 'other')
        end as metric
    from source.sla_event as sla_event
    join staging.value_map as clock_mapping
        on clock_mapping.kind = 'sla_clock'
            and sla_event.connector = clock_mapping.connector
            and clock_mapping.unified = 'computed'
    left join staging.account_value as account_value
        on account_value.kind = 'sla_metric'
            and sla_event.account = account_value.account
            and sla_event.metric = account_value.value
    where sla_event.kind = 'apply'
        and sla_event.target_minutes is not null
        and lower(sla_event.metric) <> 'group_ownership_time'
),

applied_targets as (
    select
        account,
        ticket_id,
        event_id,
        happened_at,
        policy_id,
        target_seconds,
        is_business,
        metric
    from vendor_targets
    union all
    select
        account,
        ticket_id,
        'file',
        created_at,
        'sla_targets',
        target_seconds,
        coalesce(is_business, true),
        metric
    from file_targets
    where place = 1
),

wanted_metrics as (
    select distinct
        account,
        ticket_id,
        metric
    from applied_targets
),

-- Replies with the solves and reopens between them, for the clocks of periodic updates.
updates as (
    select
        account,
        ticket_id,
        sent_at as instant,
        0 as late,
        position as place,
        'reply' as kind
    from staging.message
    where is_reply
    union all
    select
        account,
        ticket_id,
        starts_at,
        1,
        position,
        case when is_solve then 'solve' else 'reopen' end
    from core.fct_status_interval
    where is_solve or is_reopen
),

updated as (
    select
        account,
        ticket_id,
        instant,
        late,
        place,
        kind,
        lead(instant)
            over (partition by account, ticket_id order by instant, late, place)
            as ended_at,
        lead(kind) over (partition by account, ticket_id order by instant, late, place) as ended_by,
        sum(case kind when 'solve' then 1 when 'reopen' then -1 else 0 end) over (
            partition by account, ticket_id
            order by instant, late, place rows between unbounded preceding and current row
        ) as solved_now
    from updates
),

-- Each reply to an unsolved ticket starts the wait for the next update.
periods as (
    select
        account,
        ticket_id,
        row_number()
            over (partition by account, ticket_id order by instant, late, place)
            as instance,
        instant as started_at,
        ended_at
    from updated
    where kind = 'reply'
        and solved_now = 0
        and not (ended_at is not null and ended_by = 'solve' and ended_at = instant)
),

update_metrics as (
    select 'periodic_update' as metric
    union all
    select 'pausable_update'
),

solve_metrics as (
    select 'requester_wait' as metric
    union all
    select 'agent_work'
    union all
    select 'resolution'
),

-- Every clock that a ticket could have; the targets decide which of them run.
clocks as (
    select
        account,
        ticket_id,
        'first_reply' as metric,
        1 as instance,
        created_at as started_at,
        case
            when first_reply_at is not null
                and (first_solved_at is null or first_reply_at <= first_solved_at)
                then first_reply_at
            else first_solved_at
        end as ended_at,
        first_solved_at is not null
        and (first_reply_at is null or first_reply_at > first_solved_at) as is_ended_without_reply
    from core.fct_ticket
    union all
    select
        account,
        ticket_id,
        'next_reply',
        position,
        asked_at,
        ended_at,
        coalesce(not is_replied, false)
    from core.fct_reply_wait
    union all
    select
        periods.account,
        periods.ticket_id,
        update_metrics.metric,
        periods.instance,
        periods.started_at,
        periods.ended_at,
        false
    from periods
    cross join update_metrics
    union all
    select
        ticket.account,
        ticket.ticket_id,
        solve_metrics.metric,
        1,
        ticket.created_at,
        ticket.solved_at,
        false
    from core.fct_ticket as ticket
    cross join solve_metrics
),

running as (
    select
        clocks.account,
        clocks.ticket_id,
        clocks.metric,
        clocks.instance,
        clocks.started_at,
        clocks.ended_at,
        clocks.is_ended_without_reply
    from clocks
    join wanted_metrics
        on clocks.account = wanted_metrics.account
            and clocks.ticket_id = wanted_metrics.ticket_id
            and clocks.metric = wanted_metrics.metric
),

-- Of several targets the last one applied before the clock's end holds.
ranked as (
    select
        running.account,
        running.ticket_id,
        running.metric,
        running.instance,
        running.started_at,
        running.ended_at,
        running.is_ended_without_reply,
        applied_targets.policy_id,
        applied_targets.target_seconds,
        applied_targets.is_business,
        row_number() over (
            partition by running.account, running.ticket_id, running.metric, running.instance
            order by
                case
                    when applied_targets.happened_at <= coalesce(running.ended_at, zone.as_of)
                        then 0
                    else 1
                end,
                case
                    when applied_targets.happened_at <= coalesce(running.ended_at, zone.as_of)
                        then date_diff(
                                'second',
                                applied_targets.happened_at,
                                coalesce(running.ended_at, zone.as_of)
                            )
                    else date_diff(
                            'second',
                            coalesce(running.ended_at, zone.as_of),
                            applied_targets.happened_at
                        )
                end,
                length(applied_targets.event_id) desc, applied_targets.event_id desc
        ) as place
    from running
    join ops.reporting_zone as zone on zone.is_main
    join applied_targets
        on running.account = applied_targets.account
            and running.ticket_id = applied_targets.ticket_id
            and running.metric = applied_targets.metric
),

targeted as (
    select
        account,
        ticket_id,
        metric,
        instance,
        started_at,
        ended_at,
        is_ended_without_reply,
        policy_id,
        target_seconds,
        is_business
    from ranked
    where place = 1
),

-- The spans in which a clock counts: some metrics pause with the ticket's status.
spans as (
    select
        account,
        ticket_id,
        metric,
        instance,
        is_business,
        target_seconds,
        started_at as from_at,
        ended_at as to_at
    from targeted
    where metric in ('first_reply', 'next_reply', 'periodic_update')
    union all
    select
        targeted.account,
        targeted.ticket_id,
        targeted.metric,
        targeted.instance,
        targeted.is_business,
        targeted.target_seconds,
        case
            when status_interval.starts_at > targeted.started_at then status_interval.starts_at
            else targeted.started_at
        end,
        case
            when targeted.ended_at is null then status_interval.ends_at
            when status_interval.ends_at is null or status_interval.ends_at > targeted.ended_at
                then targeted.ended_at
            else status_interval.ends_at
        end
    from targeted
    join core.fct_status_interval as status_interval
        on targeted.account = status_interval.account
            and targeted.ticket_id = status_interval.ticket_id
    where targeted.metric = 'pausable_update'
        and status_interval.category in ('new', 'open', 'hold', 'other')
        and (status_interval.ends_at is null or status_interval.ends_at > targeted.started_at)
        and (targeted.ended_at is null or status_interval.starts_at < targeted.ended_at)
    union all
    select
        targeted.account,
        targeted.ticket_id,
        targeted.metric,
        targeted.instance,
        targeted.is_business,
        targeted.target_seconds,
        status_interval.starts_at,
        status_interval.ends_at
    from targeted
    join core.fct_status_interval as status_interval
        on targeted.account = status_interval.account
            and targeted.ticket_id = status_interval.ticket_id
    where targeted.metric in ('requester_wait', 'agent_work', 'resolution')
        and (
            status_interval.category in ('new', 'open', 'other')
            or (
                status_interval.category = 'hold'
                and targeted.metric in ('requester_wait', 'resolution')
            )
            or (status_interval.category = 'pending' and targeted.metric = 'resolution')
        )
),

-- The length of each span, in business or in calendar seconds; the running span up to now.
measured as (
    select
        span.account,
        span.ticket_id,
        span.metric,
        span.instance,
        span.is_business,
        span.target_seconds,
        span.from_at,
        start_clock.open_seconds as open_from,
        case
            when span.is_business
                then
                    case
                        when span.to_at is not null
                            then end_clock.open_seconds - start_clock.open_seconds
                        when span.from_at >= zone.as_of then 0
                        else running_schedule.open_seconds
                            + schedule_span.open_offset
                            - start_clock.open_seconds
                    end
            when span.to_at is not null then date_diff('second', span.from_at, span.to_at)
            when span.from_at >= zone.as_of then 0
            else date_diff('second', span.from_at, zone.as_of)
        end as seconds
    from spans as span
    join ops.reporting_zone as zone on zone.is_main
    left join staging.ticket_instant as start_clock
        on span.account = start_clock.account
            and span.ticket_id = start_clock.ticket_id
            and span.from_at = start_clock.instant
            and start_clock.is_in_force
    left join staging.ticket_instant as end_clock
        on span.account = end_clock.account
            and span.ticket_id = end_clock.ticket_id
            and span.to_at = end_clock.instant
            and end_clock.is_in_force
    left join staging.schedule_span as schedule_span
        on schedule_span.account = case when span.to_at is null then span.account end
            and span.ticket_id = schedule_span.ticket_id
            and zone.as_of >= schedule_span.from_at
            and zone.as_of < schedule_span.until_at
    left join staging.schedule_now as running_schedule
        on schedule_span.account = running_schedule.account
            and schedule_span.schedule_id = running_schedule.schedule_id
),

running_totals as (
    select
        account,
        ticket_id,
        metric,
        instance,
        is_business,
        target_seconds,
        from_at,
        open_from,
        seconds,
        sum(seconds)
            over (
                partition by account, ticket_id, metric, instance
                order by from_at rows between unbounded preceding and current row
            )
        - seconds
            as seconds_before,
        sum(seconds) over (partition by account, ticket_id, metric, instance) as elapsed_seconds
    from measured
),

-- The span in which the elapsed time reaches the target.
target_crossings as (
    select
        account,
        ticket_id,
        metric,
        instance,
        is_business,
        from_at,
        open_from + target_seconds - seconds_before as due_open,
        target_seconds - seconds_before as rest_seconds
    from running_totals
    where elapsed_seconds > target_seconds
        and seconds_before < target_seconds
        and seconds_before + seconds >= target_seconds
),

-- The instant of the breach: in calendar time, or back from open seconds through the calendar.
due_instants as (
    select
        account,
        ticket_id,
        metric,
        instance,
        from_at + interval 1 second * rest_seconds as due_at
    from target_crossings
    where not is_business
    union all
    select
        target_crossings.account,
        target_crossings.ticket_id,
        target_crossings.metric,
        target_crossings.instance,
        min(
            business_due.starts_at
            + interval 1 second
            * (target_crossings.due_open - schedule_span.open_offset - business_due.open_from)
        )
    from target_crossings
    join staging.schedule_span as schedule_span
        on target_crossings.account = schedule_span.account
            and target_crossings.ticket_id = schedule_span.ticket_id
    join core.business_due as business_due
        on schedule_span.account = business_due.account
            and schedule_span.schedule_id = business_due.schedule_id
            and business_due.open_hour
            = cast(
                floor(
                    cast(target_crossings.due_open - schedule_span.open_offset - 1 as double) / 3600
                ) as bigint
            )
            and business_due.open_from < target_crossings.due_open - schedule_span.open_offset
            and target_crossings.due_open - schedule_span.open_offset <= business_due.open_to
    where target_crossings.is_business
        and business_due.starts_at
        + interval 1 second
        * (target_crossings.due_open - schedule_span.open_offset - business_due.open_from)
        > schedule_span.from_at
        and business_due.starts_at
        + interval 1 second
        * (target_crossings.due_open - schedule_span.open_offset - business_due.open_from)
        <= schedule_span.until_at
    group by
        target_crossings.account,
        target_crossings.ticket_id,
        target_crossings.metric,
        target_crossings.instance
),

elapsed_totals as (
    select
        account,
        ticket_id,
        metric,
        instance,
        max(elapsed_seconds) as elapsed_seconds
    from running_totals
    group by account, ticket_id, metric, instance
),

computed_clocks as (
    select
        targeted.account,
        targeted.ticket_id,
        targeted.metric,
        cast(targeted.instance as varchar) as instance,
        'computed' as source,
        targeted.policy_id,
        targeted.started_at,
        targeted.target_seconds,
        targeted.is_business,
        targeted.ended_at,
        targeted.is_ended_without_reply,
        coalesce(elapsed_totals.elapsed_seconds, 0) as elapsed_seconds_as_of,
        case
            when coalesce(elapsed_totals.elapsed_seconds, 0) > targeted.target_seconds
                then coalesce(due_instants.due_at, targeted.started_at)
        end as breached_at
    from targeted
    left join elapsed_totals
        on targeted.account = elapsed_totals.account
            and targeted.ticket_id = elapsed_totals.ticket_id
            and targeted.metric = elapsed_totals.metric
            and targeted.instance = elapsed_totals.instance
    left join due_instants
        on targeted.account = due_instants.account
            and targeted.ticket_id = due_instants.ticket_id
            and targeted.metric = due_instants.metric
            and targeted.instance = due_instants.instance
),

-- The vendor's own cycles, where clocks are not computed here. How long a group held a ticket is
-- always the vendor's: one cycle for each group.
event_cycles as (
    select
        sla_event.account,
        sla_event.ticket_id,
        sla_event.metric as raw_metric,
        sla_event.instance,
        max(sla_event.policy_id) as policy_id,
        min(case when sla_event.kind in ('apply', 'activate') then sla_event.happened_at end)
            as started_at,
        max(case when sla_event.kind = 'apply' then 1 else 0 end) as is_applied,
        max(sla_event.target_minutes) as target_minutes,
        max(case when sla_event.is_business then 1 when not sla_event.is_business then 0 end)
            as is_business,
        min(case when sla_event.kind = 'fulfill' then sla_event.happened_at end) as ended_at,
        min(case when sla_event.kind = 'breach' then sla_event.happened_at end) as vendor_breach_at,
        max(case when sla_event.kind = 'due' then sla_event.happened_at end) as due_at,
        max(case when sla_event.kind = 'cancel' then 1 else 0 end) as is_cancelled
    from source.sla_event as sla_event
    left join staging.value_map as mapping
        on mapping.kind = 'sla_clock'
            and sla_event.connector = mapping.connector
            and mapping.unified = 'computed'
    where mapping.connector is null or lower(sla_event.metric) = 'group_ownership_time'
    group by sla_event.account, sla_event.ticket_id, sla_event.metric, sla_event.instance
),

vendor_cycles as (
    select
        cycle.account,
        cycle.ticket_id,
        coalesce(account_value.meaning, 'other') as metric,
        cycle.raw_metric || '/' || cycle.instance as instance,
        'vendor' as source,
        cycle.policy_id,
        cycle.started_at,
        cast(floor(cycle.target_minutes * 60 + 0.5) as bigint) as target_seconds,
        cycle.is_business = 1 as is_business,
        cycle.ended_at,
        false as is_ended_without_reply,
        cast(null as bigint) as elapsed_seconds_as_of,
        case
            when cycle.vendor_breach_at is not null then cycle.vendor_breach_at
            when cycle.due_at is not null and coalesce(cycle.ended_at, zone.as_of) > cycle.due_at
                then cycle.due_at
        end as breached_at
    from event_cycles as cycle
    join ops.reporting_zone as zone on zone.is_main
    left join staging.account_value as account_value
        on account_value.kind = 'sla_metric'
            and cycle.account = account_value.account
            and cycle.raw_metric = account_value.value
    where cycle.is_applied = 1 and cycle.is_cancelled = 0
),

all_clocks as (
    select
        account,
        ticket_id,
        metric,
        instance,
        source,
        policy_id,
        started_at,
        target_seconds,
        is_business,
        ended_at,
        is_ended_without_reply,
        elapsed_seconds_as_of,
        breached_at
    from computed_clocks
    union all
    select
        account,
        ticket_id,
        metric,
        instance,
        source,
        policy_id,
        started_at,
        target_seconds,
        is_business,
        ended_at,
        is_ended_without_reply,
        elapsed_seconds_as_of,
        breached_at
    from vendor_cycles
)

select
    sla_clock.account,
    sla_clock.ticket_id,
    sla_clock.metric,
    sla_clock.instance,
    sla_clock.source,
    sla_clock.policy_id,
    sla_clock.started_at,
    sla_clock.target_seconds,
    sla_clock.is_business,
    sla_clock.ended_at,
    sla_clock.is_ended_without_reply,
    case when sla_clock.ended_at is not null then sla_clock.elapsed_seconds_as_of end
        as elapsed_seconds_recorded,
    sla_clock.elapsed_seconds_as_of,
    sla_clock.breached_at,
    case
        when sla_clock.breached_at is not null then 'breached'
        when sla_clock.ended_at is not null then 'achieved'
        else 'running'
    end as state,
    case
        when sla_clock.breached_at is null and sla_clock.ended_at is null
            then sla_clock.target_seconds - sla_clock.elapsed_seconds_as_of
    end as left_seconds_as_of,
    case
        when sla_clock.breached_at is not null
            then sla_clock.elapsed_seconds_as_of - sla_clock.target_seconds
    end
        as breach_age_seconds_as_of,
    coalesce(sla_clock.breached_at, sla_clock.ended_at) as settled_at,
    cast(
        coalesce(sla_clock.breached_at, sla_clock.ended_at) at time zone setting.time_zone as date
    ) as settled_on,
    assignment.holder_id as agent_id,
    ticket.team_id,
    ticket.channel,
    ticket.priority
from all_clocks as sla_clock
join staging.ticket as ticket
    on sla_clock.account = ticket.account and sla_clock.ticket_id = ticket.ticket_id
cross join ops.reporting_setting as setting
left join core.fct_assignment as assignment
    on sla_clock.account = assignment.account
        and sla_clock.ticket_id = assignment.ticket_id
        and assignment.kind = 'assignee'
        and assignment.starts_at <= coalesce(sla_clock.breached_at, sla_clock.ended_at)
        and coalesce(assignment.ends_at, timestamptz '2200-01-01 00:00:00+00')
        > coalesce(sla_clock.breached_at, sla_clock.ended_at)
where ticket.excluded_because is null
