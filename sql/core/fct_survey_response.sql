select r.account, r.response_id, r.survey_id, r.question_id, r.metric, r.score, r.scale_min, r.scale_max, r.better,
    r.score_share, r.is_satisfied, r.ticket_account, r.ticket_id, r.customer_id, coalesce(r.agent_id, t.assignee_id) as agent_id,
    r.responded_at, cast(r.responded_at at time zone p.time_zone as date) as responded_on,
    t.team_id, coalesce(t.channel, 'none') as channel, coalesce(t.priority, 'none') as priority,
    coalesce(t.excluded_because is not null, false) as is_excluded,
    row_number() over (
        partition by r.metric, coalesce(r.ticket_id, r.account || '/' || r.response_id), r.ticket_account
        order by r.responded_at desc, r.response_id desc) = 1 as is_latest
from staging.survey_response as r
cross join ops.run_parameter as p
left join staging.ticket as t on t.account = r.ticket_account and t.ticket_id = r.ticket_id
