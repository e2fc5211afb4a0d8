-- Calls with their handle time: talk, hold and wrap-up of an answered call, stamped at the end of
-- wrap-up.
select
    c.account,
    c.call_id,
    c.ticket_id,
    c.team_id,
    c.agent_id,
    c.offered_at,
    c.answered_at,
    c.abandoned_at,
    case when c.answered_at is not null then c.answered_at + interval 1 second * cast(
                floor(
                    coalesce(c.talk_seconds, 0)
                    + coalesce(c.hold_seconds, 0)
                    + coalesce(c.wrap_seconds, 0)
                ) as bigint
            )
    end as handled_at,
    case
        when c.answered_at is not null then
            coalesce(c.talk_seconds, 0)
            + coalesce(c.hold_seconds, 0)
            + coalesce(c.wrap_seconds, 0)
    end as handle_seconds,
    date_diff('second', c.offered_at, coalesce(c.answered_at, c.abandoned_at)) as wait_seconds
from source.call as c
