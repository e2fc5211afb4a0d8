-- One row for each agent and local day, with what the agent did, by the day of the action. Solves
-- go to the assignee at that time, reopens to the agent who had solved the ticket, ratings to the
-- assignee when rated. Work without an agent goes to the agent 'none', so totals match.
with actions as (
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

daily_actions as (
    select
        zone.time_zone,
        cast(action.happened_at at time zone zone.time_zone as date) as day,
        action.account,
        action.agent_id,
        action.measure,
        action.amount
    from actions as action cross join ops.reporting_zone as zone
    union all
    select
        local_day.time_zone,
        local_day.day,
        presence.account,
        presence.agent_id,
        'available_seconds',
        cast(date_diff(
            'second',
            case
                when presence.starts_at > local_day.starts_at then presence.starts_at
                else local_day.starts_at
            end,
            case
                when coalesce(presence.ends_at, zone.as_of) < local_day.ends_at
                    then coalesce(presence.ends_at, zone.as_of)
                else local_day.ends_at
            end
        ) as double)
    from source.agent_presence as presence
    join staging.value_map as mapping
        on mapping.kind = 'presence'
            and mapping.raw = lower(presence.state)
            and mapping.unified = 'available'
    join ops.reporting_zone as zone on true
    join core.dim_local_day as local_day
        on zone.time_zone = local_day.time_zone
            and local_day.starts_at < coalesce(presence.ends_at, zone.as_of)
            and presence.starts_at < local_day.ends_at
    union all
    select
        local_day.time_zone,
        local_day.day,
        shift.account,
        shift.agent_id,
        'paid_seconds',
        cast(date_diff(
            'second',
            case
                when shift.starts_at > local_day.starts_at then shift.starts_at
                else local_day.starts_at
            end,
            case
                when shift.ends_at < local_day.ends_at then shift.ends_at
                else local_day.ends_at
            end
        ) as double)
    from source.shift as shift
    join core.dim_local_day as local_day
        on shift.ends_at > local_day.starts_at and shift.starts_at < local_day.ends_at
    where shift.agent_id is not null
)

select
    daily_actions.time_zone,
    daily_actions.day,
    daily_actions.account,
    coalesce(daily_actions.agent_id, 'none') as agent_id,
    cast(
        sum(
            case when daily_actions.measure = 'replies' then daily_actions.amount else 0 end
        ) as bigint
    ) as replies_count,
    cast(
        sum(
            case when daily_actions.measure = 'first_replies' then daily_actions.amount else 0 end
        ) as bigint
    )
        as first_replies_count,
    cast(
        sum(
            case when daily_actions.measure = 'tickets_solved' then daily_actions.amount else 0 end
        ) as bigint
    )
        as tickets_solved_count,
    cast(
        sum(
            case when daily_actions.measure = 'solves' then daily_actions.amount else 0 end
        ) as bigint
    ) as solves_count,
    cast(
        sum(
            case when daily_actions.measure = 'reopens' then daily_actions.amount else 0 end
        ) as bigint
    ) as reopens_count,
    cast(
        sum(
            case when daily_actions.measure = 'rated' then daily_actions.amount else 0 end
        ) as bigint
    ) as csat_rated_count,
    cast(
        sum(
            case when daily_actions.measure = 'satisfied' then daily_actions.amount else 0 end
        ) as bigint
    )
        as csat_satisfied_count,
    cast(
        sum(
            case when daily_actions.measure = 'sla_achieved' then daily_actions.amount else 0 end
        ) as bigint
    )
        as sla_achieved_count,
    cast(
        sum(
            case when daily_actions.measure = 'sla_breached' then daily_actions.amount else 0 end
        ) as bigint
    )
        as sla_breached_count,
    cast(
        sum(
            case when daily_actions.measure = 'reviews' then daily_actions.amount else 0 end
        ) as bigint
    ) as reviews_count,
    floor(
        sum(case when daily_actions.measure = 'review_scores' then daily_actions.amount else 0 end)
        * 1000000
        + 0.5
    )
    / 1000000 as review_score_sum,
    floor(
        sum(
            case
                when daily_actions.measure = 'ticket_handle_seconds' then daily_actions.amount
                else 0
            end
        )
        + 0.5
    )
        as ticket_handle_seconds,
    cast(
        sum(
            case when daily_actions.measure = 'calls' then daily_actions.amount else 0 end
        ) as bigint
    ) as calls_count,
    floor(
        sum(
            case
                when daily_actions.measure = 'call_handle_seconds' then daily_actions.amount
                else 0
            end
        )
        + 0.5
    )
        as call_handle_seconds,
    sum(
        case when daily_actions.measure = 'available_seconds' then daily_actions.amount else 0 end
    ) as available_seconds,
    sum(case when daily_actions.measure = 'paid_seconds' then daily_actions.amount else 0 end)
        as paid_seconds
from daily_actions
join ops.reporting_zone as zone
    on daily_actions.time_zone = zone.time_zone and daily_actions.day <= zone.last_day
group by
    daily_actions.time_zone,
    daily_actions.day,
    daily_actions.account,
    coalesce(daily_actions.agent_id, 'none')
