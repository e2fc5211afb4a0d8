-- One row a clock. Where the vendor tells which targets it applied (value_map kind sla_clock),
-- elapsed time is computed here from the ticket's history; else the vendor's own cycles are taken.
-- Tickets of which the vendor tells no clock of a kind get the file's targets for it by their
-- present team and priority: of the rows that fit, one that names the desk comes before one that
-- names the team, then the priority, then the later day. A clock is breached at the instant at
-- which its elapsed time reaches the target, if it goes on beyond; elapsed equal to target is
-- achieved.
with told_clock as (
    select distinct
        e.account,
        e.ticket_id,
        coalesce(m.unified, 'other') as metric
    from source.sla_event as e
    left join staging.value_map as m
        on m.kind = 'sla_metric' and m.connector = '*' and m.raw = lower(e.metric)
),

promised as (
    select
        t.account,
        t.ticket_id,
        t.created_at,
        g.metric,
        cast(floor(g.target_minutes * 60 + 0.5) as bigint) as target_seconds,
        g.is_business,
        row_number() over (
            partition by t.account, t.ticket_id, g.metric
            order by
                case when g.desk = 'all' then 1 else 0 end,
                case when g.team = 'all' then 1 else 0 end,
                case when g.priority = 'all' then 1 else 0 end,
                g.valid_from_on desc, g.account asc
        ) as place
    from core.fct_ticket as t
    left join core.dim_team as n on t.account = n.account and t.team_id = n.team_id
    join source.sla_target as g
        on (t.account = g.desk or g.desk = 'all')
            and (n.name = g.team or g.team = 'all')
            and (t.priority = g.priority or g.priority = 'all')
            and t.created_on >= g.valid_from_on
    left join told_clock as e
        on t.account = e.account and t.ticket_id = e.ticket_id and g.metric = e.metric
    where e.ticket_id is null
),

told_by_vendor as (
    select
        e.account,
        e.ticket_id,
        e.event_id,
        e.happened_at,
        e.policy_id,
        cast(floor(e.target_minutes * 60 + 0.5) as bigint) as target_seconds,
        coalesce(e.is_business, false) as is_business,
        case
            when m.unified = 'first_reply' and e.instance not in ('0', '1') then 'next_reply'
            else coalesce(m.unified, 'other')
        end as metric
    from source.sla_event as e
    join staging.value_map as c
        on c.kind = 'sla_clock' and e.connector = c.connector and c.unified = 'computed'
    left join staging.value_map as m
        on m.kind = 'sla_metric' and m.connector = '*' and m.raw = lower(e.metric)
    where e.kind = 'apply' and e.target_minutes is not null
),

applied as (
    select
        account,
        ticket_id,
        event_id,
        happened_at,
        policy_id,
        target_seconds,
        is_business,
        metric
    from told_by_vendor
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
    from promised
    where place = 1
),

wanted as (
    select distinct
        account,
        ticket_id,
        metric
    from applied
),

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
        p.account,
        p.ticket_id,
        m.metric,
        p.instance,
        p.started_at,
        p.ended_at,
        false
    from periods as p
    cross join update_metrics as m
    union all
    select
        t.account,
        t.ticket_id,
        m.metric,
        1,
        t.created_at,
        t.solved_at,
        false
    from core.fct_ticket as t
    cross join solve_metrics as m
),

running as (
    select
        c.account,
        c.ticket_id,
        c.metric,
        c.instance,
        c.started_at,
        c.ended_at,
        c.is_ended_without_reply
    from clocks as c
    join wanted as w on c.account = w.account and c.ticket_id = w.ticket_id and c.metric = w.metric
),

ranked as (
    select
        r.account,
        r.ticket_id,
        r.metric,
        r.instance,
        r.started_at,
        r.ended_at,
        r.is_ended_without_reply,
        a.policy_id,
        a.target_seconds,
        a.is_business,
        row_number() over (
            partition by r.account, r.ticket_id, r.metric, r.instance
            order by
                case when a.happened_at <= coalesce(r.ended_at, p.as_of) then 0 else 1 end,
                case
                    when a.happened_at <= coalesce(r.ended_at, p.as_of)
                        then date_diff('second', a.happened_at, coalesce(r.ended_at, p.as_of))
                    else date_diff('second', coalesce(r.ended_at, p.as_of), a.happened_at)
                end,
                length(a.event_id) desc, a.event_id desc
        ) as place
    from running as r
    join ops.reporting_zone as p on p.is_main
    join applied as a on r.account = a.account and r.ticket_id = a.ticket_id and r.metric = a.metric
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
        t.account,
        t.ticket_id,
        t.metric,
        t.instance,
        t.is_business,
        t.target_seconds,
        case when i.starts_at > t.started_at then i.starts_at else t.started_at end,
        case
            when t.ended_at is null then i.ends_at
            when i.ends_at is null or i.ends_at > t.ended_at then t.ended_at
            else i.ends_at
        end
    from targeted as t
    join core.fct_status_interval as i on t.account = i.account and t.ticket_id = i.ticket_id
    where t.metric = 'pausable_update' and i.category in ('new', 'open', 'hold', 'other')
        and (i.ends_at is null or i.ends_at > t.started_at)
        and (t.ended_at is null or i.starts_at < t.ended_at)
    union all
    select
        t.account,
        t.ticket_id,
        t.metric,
        t.instance,
        t.is_business,
        t.target_seconds,
        i.starts_at,
        i.ends_at
    from targeted as t
    join core.fct_status_interval as i on t.account = i.account and t.ticket_id = i.ticket_id
    where t.metric in ('requester_wait', 'agent_work', 'resolution')
        and (
            i.category in ('new', 'open', 'other')
            or (i.category = 'hold' and t.metric in ('requester_wait', 'resolution'))
            or (i.category = 'pending' and t.metric = 'resolution')
        )
),

measured as (
    select
        s.account,
        s.ticket_id,
        s.metric,
        s.instance,
        s.is_business,
        s.target_seconds,
        s.from_at,
        f.open_seconds as open_from,
        case
            when s.is_business
                then
                    case
                        when s.to_at is not null then e.open_seconds - f.open_seconds
                        when s.from_at >= p.as_of then 0
                        else n.open_seconds + sp.open_offset - f.open_seconds
                    end
            when s.to_at is not null then date_diff('second', s.from_at, s.to_at)
            when s.from_at >= p.as_of then 0
            else date_diff('second', s.from_at, p.as_of)
        end as seconds
    from spans as s
    join ops.reporting_zone as p on p.is_main
    left join staging.ticket_instant as f
        on s.account = f.account
            and s.ticket_id = f.ticket_id
            and s.from_at = f.instant
            and f.is_in_force
    left join staging.ticket_instant as e
        on s.account = e.account
            and s.ticket_id = e.ticket_id
            and s.to_at = e.instant
            and e.is_in_force
    left join staging.schedule_span as sp
        on sp.account = case when s.to_at is null then s.account end
            and s.ticket_id = sp.ticket_id
            and p.as_of >= sp.from_at
            and p.as_of < sp.until_at
    left join staging.schedule_now as n on sp.account = n.account and sp.schedule_id = n.schedule_id
),

summed as (
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

crossing as (
    select
        account,
        ticket_id,
        metric,
        instance,
        is_business,
        from_at,
        open_from + target_seconds - seconds_before as due_open,
        target_seconds - seconds_before as rest_seconds
    from summed
    where elapsed_seconds > target_seconds
        and seconds_before < target_seconds
        and seconds_before + seconds >= target_seconds
),

due as (
    select
        account,
        ticket_id,
        metric,
        instance,
        from_at + interval 1 second * rest_seconds as due_at
    from crossing
    where not is_business
    union all
    select
        c.account,
        c.ticket_id,
        c.metric,
        c.instance,
        min(d.starts_at + interval 1 second * (c.due_open - sp.open_offset - d.open_from))
    from crossing as c
    join staging.schedule_span as sp on c.account = sp.account and c.ticket_id = sp.ticket_id
    join core.business_due as d
        on sp.account = d.account and sp.schedule_id = d.schedule_id
            and d.open_hour
            = cast(floor(cast(c.due_open - sp.open_offset - 1 as double) / 3600) as bigint)
            and d.open_from < c.due_open - sp.open_offset
            and c.due_open - sp.open_offset <= d.open_to
    where c.is_business
        and d.starts_at + interval 1 second * (c.due_open - sp.open_offset - d.open_from)
        > sp.from_at
        and d.starts_at + interval 1 second * (c.due_open - sp.open_offset - d.open_from)
        <= sp.until_at
    group by c.account, c.ticket_id, c.metric, c.instance
),

totals as (
    select
        account,
        ticket_id,
        metric,
        instance,
        max(elapsed_seconds) as elapsed_seconds
    from summed
    group by account, ticket_id, metric, instance
),

computed as (
    select
        t.account,
        t.ticket_id,
        t.metric,
        cast(t.instance as varchar) as instance,
        'computed' as source,
        t.policy_id,
        t.started_at,
        t.target_seconds,
        t.is_business,
        t.ended_at,
        t.is_ended_without_reply,
        coalesce(e.elapsed_seconds, 0) as elapsed_seconds_as_of,
        case
            when coalesce(e.elapsed_seconds, 0) > t.target_seconds
                then coalesce(d.due_at, t.started_at)
        end as breached_at
    from targeted as t
    left join totals as e
        on t.account = e.account
            and t.ticket_id = e.ticket_id
            and t.metric = e.metric
            and t.instance = e.instance
    left join due as d
        on t.account = d.account
            and t.ticket_id = d.ticket_id
            and t.metric = d.metric
            and t.instance = d.instance
),

cycles as (
    select
        e.account,
        e.ticket_id,
        e.metric as raw_metric,
        e.instance,
        max(e.policy_id) as policy_id,
        min(case when e.kind in ('apply', 'activate') then e.happened_at end) as started_at,
        max(case when e.kind = 'apply' then 1 else 0 end) as is_applied,
        max(e.target_minutes) as target_minutes,
        max(case when e.is_business then 1 when not e.is_business then 0 end) as is_business,
        min(case when e.kind = 'fulfill' then e.happened_at end) as ended_at,
        min(case when e.kind = 'breach' then e.happened_at end) as told_breach_at,
        max(case when e.kind = 'due' then e.happened_at end) as due_at,
        max(case when e.kind = 'cancel' then 1 else 0 end) as is_cancelled
    from source.sla_event as e
    left join staging.value_map as c
        on c.kind = 'sla_clock' and e.connector = c.connector and c.unified = 'computed'
    where c.connector is null
    group by e.account, e.ticket_id, e.metric, e.instance
),

told as (
    select
        c.account,
        c.ticket_id,
        coalesce(m.unified, 'other') as metric,
        c.raw_metric || '/' || c.instance as instance,
        'vendor' as source,
        c.policy_id,
        c.started_at,
        cast(floor(c.target_minutes * 60 + 0.5) as bigint) as target_seconds,
        c.is_business = 1 as is_business,
        c.ended_at,
        false as is_ended_without_reply,
        cast(null as bigint) as elapsed_seconds_as_of,
        case
            when c.told_breach_at is not null then c.told_breach_at
            when c.due_at is not null and coalesce(c.ended_at, p.as_of) > c.due_at then c.due_at
        end as breached_at
    from cycles as c
    join ops.reporting_zone as p on p.is_main
    left join staging.value_map as m
        on m.kind = 'sla_metric' and m.connector = '*' and m.raw = lower(c.raw_metric)
    where c.is_applied = 1 and c.is_cancelled = 0
),

united as (
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
    from computed
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
    from told
)

select
    u.account,
    u.ticket_id,
    u.metric,
    u.instance,
    u.source,
    u.policy_id,
    u.started_at,
    u.target_seconds,
    u.is_business,
    u.ended_at,
    u.is_ended_without_reply,
    case when u.ended_at is not null then u.elapsed_seconds_as_of end as elapsed_seconds_recorded,
    u.elapsed_seconds_as_of,
    u.breached_at,
    case
        when u.breached_at is not null then 'breached'
        when u.ended_at is not null then 'achieved'
        else 'running'
    end as state,
    case
        when u.breached_at is null and u.ended_at is null
            then u.target_seconds - u.elapsed_seconds_as_of
    end as left_seconds_as_of,
    case when u.breached_at is not null then u.elapsed_seconds_as_of - u.target_seconds end
        as breach_age_seconds_as_of,
    coalesce(u.breached_at, u.ended_at) as settled_at,
    cast(coalesce(u.breached_at, u.ended_at) at time zone z.time_zone as date) as settled_on,
    a.holder_id as agent_id,
    t.team_id,
    t.channel,
    t.priority
from united as u
join staging.ticket as t on u.account = t.account and u.ticket_id = t.ticket_id
cross join ops.reporting_setting as z
left join core.fct_assignment as a
    on u.account = a.account and u.ticket_id = a.ticket_id and a.kind = 'assignee'
        and a.starts_at <= coalesce(u.breached_at, u.ended_at)
        and coalesce(a.ends_at, timestamptz '2200-01-01 00:00:00+00')
        > coalesce(u.breached_at, u.ended_at)
where t.excluded_because is null
