select cast(i.sent_at at time zone p.time_zone as date) as day, i.account, t.team_id, coalesce(t.channel, 'none') as channel,
    coalesce(t.priority, 'none') as priority,
    sum(case when r.response_id is not null then 1 else 0 end) as numerator, count(*) as denominator
from source.survey_invitation as i
cross join ops.run_parameter as p
left join core.fct_ticket as t on t.account = i.account and t.ticket_id = i.ticket_id
left join source.survey_response as r on r.account = i.account and r.response_id = i.invitation_id
where not coalesce(t.is_excluded, false)
group by cast(i.sent_at at time zone p.time_zone as date), i.account, t.team_id, coalesce(t.channel, 'none'), coalesce(t.priority, 'none')
