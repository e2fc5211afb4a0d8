select
    created_at as happened_at,
    account,
    ticket_id,
    coalesce(team_id, 'none') as team_id,
    channel,
    priority,
    case when state = 'unexplained' then 0 else 1 end as numerator,
    1 as denominator
from marts.vendor_comparison
where not is_excluded
