select
    account,
    stream,
    entity,
    rule,
    min(reason) as example,
    count(*) as rows_count
from ops.quarantine
where state = 'open'
group by
    account,
    stream,
    entity,
    rule
order by
    count(*) desc,
    account,
    stream asc,
    entity asc,
    rule asc
