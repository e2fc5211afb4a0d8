-- Scores with their ticket and the agent to credit: the assignee when rated, by the vendor's word
-- or by history.
with placed as (
    select
        r.account,
        r.response_id,
        r.survey_id,
        r.question_id,
        r.metric,
        r.score,
        r.scale_min,
        r.scale_max,
        r.better,
        r.score_share,
        r.is_satisfied,
        r.ticket_account,
        r.ticket_id,
        r.customer_id,
        r.agent_id,
        r.responded_at,
        row_number() over (
            partition by
                r.metric, r.ticket_account, coalesce(r.ticket_id, r.account || '/' || r.response_id)
            order by r.responded_at desc, r.response_id desc
        ) as from_last
    from staging.survey_response as r
),

credited as (
    select
        p.account,
        p.response_id,
        min(a.holder_id) as agent_id
    from placed as p
    join core.fct_assignment as a
        on p.ticket_account = a.account and p.ticket_id = a.ticket_id and a.kind = 'assignee'
            and p.responded_at >= a.starts_at
            and coalesce(a.ends_at, timestamptz '2200-01-01 00:00:00+00') > p.responded_at
    where p.agent_id is null
    group by p.account, p.response_id
)

select
    r.account,
    r.response_id,
    r.survey_id,
    r.question_id,
    r.metric,
    r.score,
    r.scale_min,
    r.scale_max,
    r.better,
    r.score_share,
    r.is_satisfied,
    r.ticket_account,
    r.ticket_id,
    r.customer_id,
    coalesce(r.agent_id, c.agent_id) as agent_id,
    r.responded_at,
    cast(r.responded_at at time zone p.time_zone as date) as responded_on,
    t.team_id,
    coalesce(t.channel, 'none') as channel,
    coalesce(t.priority, 'none') as priority,
    t.excluded_because is not null
    or (t.ticket_id is null and d.record_id is not null) as is_excluded,
    r.from_last = 1 as is_latest
from placed as r
cross join ops.reporting_setting as p
left join credited as c on r.account = c.account and r.response_id = c.response_id
left join staging.ticket as t on r.ticket_account = t.account and r.ticket_id = t.ticket_id
left join source.tombstone as d
    on r.ticket_account = d.account and d.entity = 'ticket' and r.ticket_id = d.record_id
