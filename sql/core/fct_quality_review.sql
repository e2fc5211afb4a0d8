-- A review's score is its weighted points over the possible ones; a failed critical criterion sets
-- it to 0.
select
    q.account,
    q.review_id,
    q.ticket_id,
    coalesce(q.agent_id, 'none') as agent_id,
    q.reviewer_id,
    q.reviewed_at,
    cast(q.reviewed_at at time zone p.time_zone as date) as reviewed_on,
    q.points,
    q.possible_points,
    coalesce(q.is_critical_fail, false) as is_critical_fail,
    case
        when coalesce(q.possible_points, 0) = 0 then null
        when q.is_critical_fail then cast(0 as double)
        else cast(q.points as double) / q.possible_points
    end as score_share,
    t.team_id,
    coalesce(t.channel, 'none') as channel,
    coalesce(t.priority, 'none') as priority
from source.quality_review as q
cross join ops.reporting_setting as p
left join staging.ticket as t on q.account = t.account and q.ticket_id = t.ticket_id
