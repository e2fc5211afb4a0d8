-- One row for each quality review. The score is its weighted points over the possible ones; a
-- failed critical criterion sets it to 0.
select
    review.account,
    review.review_id,
    review.ticket_id,
    coalesce(review.agent_id, 'none') as agent_id,
    review.reviewer_id,
    review.reviewed_at,
    cast(review.reviewed_at at time zone setting.time_zone as date) as reviewed_on,
    review.points,
    review.possible_points,
    coalesce(review.is_critical_fail, false) as is_critical_fail,
    case
        when coalesce(review.possible_points, 0) = 0 then null
        when review.is_critical_fail then cast(0 as double)
        else cast(review.points as double) / review.possible_points
    end as score_share,
    ticket.team_id,
    coalesce(ticket.channel, 'none') as channel,
    coalesce(ticket.priority, 'none') as priority
from source.quality_review as review
cross join ops.reporting_setting as setting
left join staging.ticket as ticket
    on review.account = ticket.account and review.ticket_id = ticket.ticket_id
