-- One row for each survey score, with its ticket and the agent to credit. That is the assignee when
-- rated, as the vendor says or as history shows.
with ranked_responses as (
    select
        response.account,
        response.response_id,
        response.survey_id,
        response.question_id,
        response.metric,
        response.score,
        response.scale_min,
        response.scale_max,
        response.better,
        response.score_share,
        response.is_satisfied,
        response.ticket_account,
        response.ticket_id,
        response.customer_id,
        response.agent_id,
        response.responded_at,
        row_number() over (
            partition by
                response.metric,
                response.ticket_account,
                coalesce(response.ticket_id, response.account || '/' || response.response_id)
            order by
                response.responded_at desc, response.version_at desc, response.response_id desc
        ) as from_last
    from staging.survey_response as response
),

credited_agents as (
    select
        ranked_responses.account,
        ranked_responses.response_id,
        min(assignment.holder_id) as agent_id
    from ranked_responses
    join core.fct_assignment as assignment
        on ranked_responses.ticket_account = assignment.account
            and ranked_responses.ticket_id = assignment.ticket_id
            and assignment.kind = 'assignee'
            and ranked_responses.responded_at >= assignment.starts_at
            and coalesce(assignment.ends_at, timestamptz '2200-01-01 00:00:00+00')
            > ranked_responses.responded_at
    where ranked_responses.agent_id is null
    group by ranked_responses.account, ranked_responses.response_id
)

select
    ranked_responses.account,
    ranked_responses.response_id,
    ranked_responses.survey_id,
    ranked_responses.question_id,
    ranked_responses.metric,
    ranked_responses.score,
    ranked_responses.scale_min,
    ranked_responses.scale_max,
    ranked_responses.better,
    ranked_responses.score_share,
    ranked_responses.is_satisfied,
    ranked_responses.ticket_account,
    ranked_responses.ticket_id,
    ranked_responses.customer_id,
    coalesce(ranked_responses.agent_id, credited_agents.agent_id) as agent_id,
    ranked_responses.responded_at,
    cast(ranked_responses.responded_at at time zone setting.time_zone as date) as responded_on,
    ticket.team_id,
    coalesce(ticket.channel, 'none') as channel,
    coalesce(ticket.priority, 'none') as priority,
    ticket.excluded_because is not null
    or (ticket.ticket_id is null and tombstone.record_id is not null) as is_excluded,
    ranked_responses.from_last = 1 as is_latest
from ranked_responses
cross join ops.reporting_setting as setting
left join credited_agents
    on ranked_responses.account = credited_agents.account
        and ranked_responses.response_id = credited_agents.response_id
left join staging.ticket as ticket
    on ranked_responses.ticket_account = ticket.account
        and ranked_responses.ticket_id = ticket.ticket_id
left join source.tombstone as tombstone
    on ranked_responses.ticket_account = tombstone.account
        and tombstone.entity = 'ticket'
        and ranked_responses.ticket_id = tombstone.record_id
