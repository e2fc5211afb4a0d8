select
    cast(q.reviewed_at at time zone z.time_zone as date) as day,
    z.time_zone,
    q.account,
    q.agent_id,
    case when q.agent_id = 'none' then 'nobody' else coalesce(a.name, 'agent ' || q.agent_id) end
        as agent,
    t.name as team,
    count(*) as reviews_count,
    sum(case when q.is_critical_fail then 1 else 0 end) as critical_fails_count,
    count(q.score_share) as scored_count,
    cast(sum(cast(floor(q.score_share * 1000000 + 0.5) as bigint)) as double)
    / 1000000 as score_sum,
    case
        when count(q.score_share) = 0 then null
        else cast(sum(cast(floor(q.score_share * 1000000 + 0.5) as bigint)) as double)
            / 1000000
            / count(q.score_share)
    end as qa_score
from core.fct_quality_review as q
cross join ops.reporting_zone as z
left join core.dim_agent as a on q.account = a.account and q.agent_id = a.agent_id
left join core.dim_team as t on a.account = t.account and a.team_id = t.team_id
where cast(q.reviewed_at at time zone z.time_zone as date) <= z.last_day
group by
    cast(q.reviewed_at at time zone z.time_zone as date), z.time_zone, q.account, q.agent_id,
    case when q.agent_id = 'none' then 'nobody' else coalesce(a.name, 'agent ' || q.agent_id) end,
    t.name
