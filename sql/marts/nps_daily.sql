-- One row for each local day, scope and survey of recommendation scores.
select
    cast(response.responded_at at time zone zone.time_zone as date) as day,
    zone.time_zone,
    response.ticket_account as account,
    coalesce(response.team_id, 'none') as team_id,
    team.name as team,
    response.channel,
    response.priority,
    coalesce(response.survey_id, 'none') as survey_id,
    count(*) as answers_count,
    sum(case when response.score >= 9 then 1 else 0 end) as promoters_count,
    sum(case when response.score > 6 and response.score < 9 then 1 else 0 end) as passives_count,
    sum(case when response.score <= 6 then 1 else 0 end) as detractors_count,
    100
    * cast(
        sum(
            case when response.score >= 9 then 1 when response.score <= 6 then -1 else 0 end
        ) as double
    )
    / count(*) as nps
from core.fct_survey_response as response
cross join ops.reporting_zone as zone
left join staging.known_team as team
    on response.ticket_account = team.account and response.team_id = team.team_id
where response.metric = 'nps'
    and not response.is_excluded
    and response.score is not null
    and cast(response.responded_at at time zone zone.time_zone as date) <= zone.last_day
group by
    cast(response.responded_at at time zone zone.time_zone as date),
    zone.time_zone,
    response.ticket_account,
    coalesce(response.team_id, 'none'),
    team.name,
    response.channel,
    response.priority, coalesce(response.survey_id, 'none')
