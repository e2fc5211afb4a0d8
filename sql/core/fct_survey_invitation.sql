-- One row for each survey invitation. It is answered by the response with its own id, or else by a
-- response to the same survey on its ticket after it was sent.
with matching_answers as (
    select
        invitation.account,
        invitation.invitation_id,
        response.responded_at
    from source.survey_invitation as invitation
    join source.survey_response as response
        on invitation.account = response.account and invitation.invitation_id = response.response_id
    union all
    select
        invitation.account,
        invitation.invitation_id,
        response.responded_at
    from source.survey_invitation as invitation
    join source.survey_response as response
        on invitation.account = response.account
            and invitation.ticket_id = response.ticket_id
            and invitation.sent_at <= response.responded_at
    where response.response_id <> invitation.invitation_id
        and response.survey_id = invitation.survey_id
),

first_answers as (
    select
        account,
        invitation_id,
        min(responded_at) as answered_at
    from matching_answers
    group by account, invitation_id
)

select
    invitation.account,
    invitation.invitation_id,
    invitation.survey_id,
    invitation.ticket_id,
    invitation.sent_at,
    first_answers.answered_at,
    first_answers.answered_at is not null as is_answered,
    ticket.excluded_because is not null
    or (ticket.ticket_id is null and tombstone.record_id is not null) as is_excluded,
    ticket.team_id,
    coalesce(ticket.channel, 'none') as channel,
    coalesce(ticket.priority, 'none') as priority
from source.survey_invitation as invitation
left join first_answers
    on invitation.account = first_answers.account
        and invitation.invitation_id = first_answers.invitation_id
left join staging.ticket as ticket
    on invitation.account = ticket.account and invitation.ticket_id = ticket.ticket_id
left join source.tombstone as tombstone
    on invitation.account = tombstone.account
        and tombstone.entity = 'ticket'
        and invitation.ticket_id = tombstone.record_id
