select
    d.day,
    d.time_zone,
    d.account,
    d.agent_id,
    case when d.agent_id = 'none' then 'nobody' else coalesce(a.name, 'agent ' || d.agent_id) end
        as agent,
    a.team_id,
    t.name as team,
    d.replies_count,
    d.first_replies_count,
    d.tickets_solved_count,
    d.solves_count,
    d.reopens_count,
    d.csat_rated_count,
    d.csat_satisfied_count,
    case
        when d.csat_rated_count = 0 then null
        else cast(d.csat_satisfied_count as double) / d.csat_rated_count
    end as csat,
    d.sla_achieved_count,
    d.sla_breached_count,
    case
        when d.sla_achieved_count + d.sla_breached_count = 0 then null
        else cast(d.sla_achieved_count as double) / (d.sla_achieved_count + d.sla_breached_count)
    end as sla_attainment,
    d.reviews_count,
    d.review_score_sum,
    case when d.reviews_count = 0 then null else d.review_score_sum / d.reviews_count end
        as qa_score,
    d.ticket_handle_seconds,
    d.calls_count,
    d.call_handle_seconds,
    d.available_seconds,
    d.paid_seconds,
    case
        when d.available_seconds = 0 then null
        else (d.ticket_handle_seconds + d.call_handle_seconds)
            / (d.ticket_handle_seconds + d.call_handle_seconds + d.available_seconds)
    end as occupancy,
    case
        when d.paid_seconds = 0 then null
        else (d.ticket_handle_seconds + d.call_handle_seconds + d.available_seconds)
            / d.paid_seconds
    end as utilisation
from core.fct_agent_day as d
left join core.dim_agent as a on d.account = a.account and d.agent_id = a.agent_id
left join core.dim_team as t on a.account = t.account and a.team_id = t.team_id
