select
    account,
    kind,
    value,
    label,
    meaning,
    decided_by,
    proposed,
    tickets_count
from marts.account_value
order by
    account asc,
    kind asc,
    tickets_count desc,
    value asc
