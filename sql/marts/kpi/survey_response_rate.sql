-- A survey is answered by the response of its own id, or else by the first one on its ticket after it was sent.
with answered as (
    select i.account, i.invitation_id
    from source.survey_invitation as i
    join source.survey_response as r on r.account = i.account and r.response_id = i.invitation_id
    union
    select i.account, i.invitation_id
    from source.survey_invitation as i
    join source.survey_response as r on r.account = i.account and r.ticket_id = i.ticket_id and r.responded_at >= i.sent_at
    where r.response_id <> i.invitation_id and r.survey_id = i.survey_id
)
select cast(i.sent_at at time zone p.time_zone as date) as day, i.account, t.team_id, coalesce(t.channel, 'none') as channel,
    coalesce(t.priority, 'none') as priority,
    sum(case when a.invitation_id is not null then 1 else 0 end) as numerator, count(*) as denominator
from source.survey_invitation as i
cross join ops.run_parameter as p
left join core.fct_ticket as t on t.account = i.account and t.ticket_id = i.ticket_id
left join answered as a on a.account = i.account and a.invitation_id = i.invitation_id
where not coalesce(t.is_excluded, false)
group by cast(i.sent_at at time zone p.time_zone as date), i.account, t.team_id, coalesce(t.channel, 'none'), coalesce(t.priority, 'none')
