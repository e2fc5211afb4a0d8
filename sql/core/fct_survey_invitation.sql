-- A survey is answered by the response of its own id, or else by one of the same survey on its
-- ticket after it was sent.
with answered as (
    select
        i.account,
        i.invitation_id,
        r.responded_at
    from source.survey_invitation as i
    join source.survey_response as r on i.account = r.account and i.invitation_id = r.response_id
    union all
    select
        i.account,
        i.invitation_id,
        r.responded_at
    from source.survey_invitation as i
    join source.survey_response as r
        on i.account = r.account and i.ticket_id = r.ticket_id and i.sent_at <= r.responded_at
    where r.response_id <> i.invitation_id and r.survey_id = i.survey_id
),

first_answer as (
    select
        account,
        invitation_id,
        min(responded_at) as answered_at
    from answered
    group by account, invitation_id
)

select
    i.account,
    i.invitation_id,
    i.survey_id,
    i.ticket_id,
    i.sent_at,
    a.answered_at,
    a.answered_at is not null as is_answered,
    t.excluded_because is not null
    or (t.ticket_id is null and d.record_id is not null) as is_excluded,
    t.team_id,
    coalesce(t.channel, 'none') as channel,
    coalesce(t.priority, 'none') as priority
from source.survey_invitation as i
left join first_answer as a on i.account = a.account and i.invitation_id = a.invitation_id
left join staging.ticket as t on i.account = t.account and i.ticket_id = t.ticket_id
left join source.tombstone as d
    on i.account = d.account and d.entity = 'ticket' and i.ticket_id = d.record_id
