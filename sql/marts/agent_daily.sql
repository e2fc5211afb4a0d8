-- One row for each agent and local day, with names and ratios.
select
    agent_day.day,
    agent_day.time_zone,
    agent_day.account,
    agent_day.agent_id,
    case
        when agent_day.agent_id = 'none' then 'nobody'
        else coalesce(agent.name, 'agent ' || agent_day.agent_id)
    end
        as agent,
    agent.team_id,
    team.name as team,
    agent_day.replies_count,
    agent_day.first_replies_count,
    agent_day.tickets_solved_count,
    agent_day.solves_count,
    agent_day.reopens_count,
    agent_day.csat_rated_count,
    agent_day.csat_satisfied_count,
    case
        when agent_day.csat_rated_count = 0 then null
        else cast(agent_day.csat_satisfied_count as double) / agent_day.csat_rated_count
    end as csat,
    agent_day.sla_achieved_count,
    agent_day.sla_breached_count,
    case
        when agent_day.sla_achieved_count + agent_day.sla_breached_count = 0 then null
        else cast(agent_day.sla_achieved_count as double)
            / (agent_day.sla_achieved_count + agent_day.sla_breached_count)
    end as sla_attainment,
    agent_day.reviews_count,
    agent_day.review_score_sum,
    case
        when agent_day.reviews_count = 0 then null
        else agent_day.review_score_sum / agent_day.reviews_count
    end
        as qa_score,
    agent_day.ticket_handle_seconds,
    agent_day.calls_count,
    agent_day.call_handle_seconds,
    agent_day.available_seconds,
    agent_day.paid_seconds,
    case
        when agent_day.available_seconds = 0 then null
        else (agent_day.ticket_handle_seconds + agent_day.call_handle_seconds)
            / (
                agent_day.ticket_handle_seconds
                + agent_day.call_handle_seconds
                + agent_day.available_seconds
            )
    end as occupancy,
    case
        when agent_day.paid_seconds = 0 then null
        else (
            agent_day.ticket_handle_seconds
            + agent_day.call_handle_seconds
            + agent_day.available_seconds
        )
        / agent_day.paid_seconds
    end as utilisation
from core.fct_agent_day as agent_day
left join staging.known_agent as agent
    on agent_day.account = agent.account and agent_day.agent_id = agent.agent_id
left join
    staging.known_team as team
    on agent.account = team.account and agent.team_id = team.team_id
