-- One row for each call. Handle time is talk, hold and wrap-up of an answered call; it counts at
-- the end of wrap-up.
select
    call.account,
    call.call_id,
    call.ticket_id,
    coalesce(team.counts_as_id, call.team_id) as team_id,
    call.agent_id,
    call.offered_at,
    call.answered_at,
    call.abandoned_at,
    case when call.answered_at is not null then call.answered_at + interval 1 second * cast(
                floor(
                    coalesce(call.talk_seconds, 0)
                    + coalesce(call.hold_seconds, 0)
                    + coalesce(call.wrap_seconds, 0)
                ) as bigint
            )
    end as handled_at,
    case
        when call.answered_at is not null then
            coalesce(call.talk_seconds, 0)
            + coalesce(call.hold_seconds, 0)
            + coalesce(call.wrap_seconds, 0)
    end as handle_seconds,
    date_diff('second', call.offered_at, coalesce(call.answered_at, call.abandoned_at))
        as wait_seconds
from source.call as call
left join staging.team as team on call.account = team.account and call.team_id = team.team_id
