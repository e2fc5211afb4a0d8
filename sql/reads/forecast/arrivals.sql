select
    account,
    team_id,
    channel,
    cast(floor(extract(epoch from created_at) / 900) as bigint) as quarter,
    count(*) as tickets
from core.fct_ticket
where
    not is_excluded
    and team_id is not null
    and created_at >= :since
    and created_at < :until
group by
    account,
    team_id,
    channel,
    cast(floor(extract(epoch from created_at) / 900) as bigint)
