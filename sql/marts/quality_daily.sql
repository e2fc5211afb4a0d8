-- One row for each agent and local day of quality reviews.
select
    cast(review.reviewed_at at time zone zone.time_zone as date) as day,
    zone.time_zone,
    review.account,
    review.agent_id,
    case
        when review.agent_id = 'none' then 'nobody'
        else coalesce(agent.name, 'agent ' || review.agent_id)
    end
        as agent,
    team.name as team,
    count(*) as reviews_count,
    sum(case when review.is_critical_fail then 1 else 0 end) as critical_fails_count,
    count(review.score_share) as scored_count,
    cast(sum(cast(floor(review.score_share * 1000000 + 0.5) as bigint)) as double)
    / 1000000 as score_sum,
    case
        when count(review.score_share) = 0 then null
        else cast(sum(cast(floor(review.score_share * 1000000 + 0.5) as bigint)) as double)
            / 1000000
            / count(review.score_share)
    end as qa_score
from core.fct_quality_review as review
cross join ops.reporting_zone as zone
left join staging.known_agent as agent
    on review.account = agent.account and review.agent_id = agent.agent_id
left join
    staging.known_team as team
    on agent.account = team.account and agent.team_id = team.team_id
where cast(review.reviewed_at at time zone zone.time_zone as date) <= zone.last_day
group by
    cast(review.reviewed_at at time zone zone.time_zone as date),
    zone.time_zone,
    review.account,
    review.agent_id,
    case
        when review.agent_id = 'none' then 'nobody'
        else coalesce(agent.name, 'agent ' || review.agent_id)
    end,
    team.name
