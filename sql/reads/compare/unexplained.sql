select
    account,
    ticket_id,
    number,
    measure,
    calendar,
    unit,
    our_value,
    vendor_value,
    difference
from marts.vendor_comparison
where
    state = 'unexplained'
    and not is_excluded
    and created_at >= :since
    and created_at < :until
order by
    account asc,
    measure asc,
    calendar asc,
    abs(difference) desc,
    ticket_id asc
