-- What every agent did on a local day, by the day of the action. Solves go to the assignee then,
-- reopens to the agent who had solved the ticket, ratings to the assignee when rated. Work of
-- nobody is the agent 'none', so that totals match.
with deeds as (
    select
        account,
        agent_id,
        starts_at as happened_at,
        case when is_solve then 'solves' else 'reopens' end as measure,
        cast(1 as double) as amount
    from core.fct_status_interval
    where not is_excluded and (is_solve or is_reopen)
    union all
    select
        account,
        agent_id,
        starts_at,
        'tickets_solved',
        cast(1 as double)
    from core.fct_status_interval
    where not is_excluded and is_final_solve
    union all
    select
        account,
        agent_id,
        settled_at,
        case when state = 'achieved' then 'sla_achieved' else 'sla_breached' end,
        cast(1 as double)
    from core.fct_sla_clock
    where settled_at is not null
    union all
    select
        account,
        agent_id,
        sent_at,
        'replies',
        cast(1 as double)
    from staging.message
    where is_reply and not is_excluded
    union all
    select
        account,
        agent_id,
        sent_at,
        'first_replies',
        cast(1 as double)
    from staging.message
    where is_reply and replies_so_far = 1 and not is_excluded
    union all
    select
        ticket_account,
        agent_id,
        responded_at,
        'rated',
        cast(1 as double)
    from core.fct_survey_response
    where metric = 'csat' and is_latest and is_satisfied is not null and not is_excluded
    union all
    select
        ticket_account,
        agent_id,
        responded_at,
        'satisfied',
        cast(1 as double)
    from core.fct_survey_response
    where metric = 'csat' and is_latest and is_satisfied and not is_excluded
    union all
    select
        account,
        agent_id,
        reviewed_at,
        'reviews',
        cast(1 as double)
    from core.fct_quality_review
    where score_share is not null
    union all
    select
        account,
        agent_id,
        reviewed_at,
        'review_scores',
        score_share
    from core.fct_quality_review
    where score_share is not null
    union all
    select
        account,
        agent_id,
        entered_at,
        'ticket_handle_seconds',
        seconds
    from source.time_entry
    where seconds is not null
    union all
    select
        account,
        agent_id,
        handled_at,
        'calls',
        cast(1 as double)
    from core.fct_call
    where handled_at is not null
    union all
    select
        account,
        agent_id,
        handled_at,
        'call_handle_seconds',
        handle_seconds
    from core.fct_call
    where handled_at is not null
),

dated as (
    select
        z.time_zone,
        cast(d.happened_at at time zone z.time_zone as date) as day,
        d.account,
        d.agent_id,
        d.measure,
        d.amount
    from deeds as d cross join ops.reporting_zone as z
    union all
    select
        l.time_zone,
        l.day,
        s.account,
        s.agent_id,
        'available_seconds',
        cast(date_diff(
            'second', case when s.starts_at > l.starts_at then s.starts_at else l.starts_at end,
            case
                when coalesce(s.ends_at, z.as_of) < l.ends_at then coalesce(s.ends_at, z.as_of)
                else l.ends_at
            end
        ) as double)
    from source.agent_presence as s
    join staging.value_map as v
        on v.kind = 'presence' and v.raw = lower(s.state) and v.unified = 'available'
    join ops.reporting_zone as z on true
    join core.dim_local_day as l
        on z.time_zone = l.time_zone
            and l.starts_at < coalesce(s.ends_at, z.as_of)
            and s.starts_at < l.ends_at
    union all
    select
        l.time_zone,
        l.day,
        s.account,
        s.agent_id,
        'paid_seconds',
        cast(date_diff(
            'second', case when s.starts_at > l.starts_at then s.starts_at else l.starts_at end,
            case when s.ends_at < l.ends_at then s.ends_at else l.ends_at end
        ) as double)
    from source.shift as s
    join core.dim_local_day as l on s.ends_at > l.starts_at and s.starts_at < l.ends_at
    where s.agent_id is not null
)

select
    d.time_zone,
    d.day,
    d.account,
    coalesce(d.agent_id, 'none') as agent_id,
    cast(sum(case when d.measure = 'replies' then d.amount else 0 end) as bigint) as replies_count,
    cast(sum(case when d.measure = 'first_replies' then d.amount else 0 end) as bigint)
        as first_replies_count,
    cast(sum(case when d.measure = 'tickets_solved' then d.amount else 0 end) as bigint)
        as tickets_solved_count,
    cast(sum(case when d.measure = 'solves' then d.amount else 0 end) as bigint) as solves_count,
    cast(sum(case when d.measure = 'reopens' then d.amount else 0 end) as bigint) as reopens_count,
    cast(sum(case when d.measure = 'rated' then d.amount else 0 end) as bigint) as csat_rated_count,
    cast(sum(case when d.measure = 'satisfied' then d.amount else 0 end) as bigint)
        as csat_satisfied_count,
    cast(sum(case when d.measure = 'sla_achieved' then d.amount else 0 end) as bigint)
        as sla_achieved_count,
    cast(sum(case when d.measure = 'sla_breached' then d.amount else 0 end) as bigint)
        as sla_breached_count,
    cast(sum(case when d.measure = 'reviews' then d.amount else 0 end) as bigint) as reviews_count,
    floor(sum(case when d.measure = 'review_scores' then d.amount else 0 end) * 1000000 + 0.5)
    / 1000000 as review_score_sum,
    floor(sum(case when d.measure = 'ticket_handle_seconds' then d.amount else 0 end) + 0.5)
        as ticket_handle_seconds,
    cast(sum(case when d.measure = 'calls' then d.amount else 0 end) as bigint) as calls_count,
    floor(sum(case when d.measure = 'call_handle_seconds' then d.amount else 0 end) + 0.5)
        as call_handle_seconds,
    sum(case when d.measure = 'available_seconds' then d.amount else 0 end) as available_seconds,
    sum(case when d.measure = 'paid_seconds' then d.amount else 0 end) as paid_seconds
from dated as d
join ops.reporting_zone as z on d.time_zone = z.time_zone and d.day <= z.last_day
group by d.time_zone, d.day, d.account, coalesce(d.agent_id, 'none')
