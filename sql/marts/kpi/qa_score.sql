select
    reviewed_at as happened_at,
    account,
    ticket_id,
    team_id,
    channel,
    priority,
    cast(floor(score_share * 1000000 + 0.5) as bigint) as numerator,
    1 as denominator
from core.fct_quality_review
where score_share is not null
