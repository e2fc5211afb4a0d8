select
    c.account,
    c.customer_id,
    c.organization_id,
    c.created_at
from source.customer as c
left join source.tombstone as d
    on c.account = d.account and d.entity = 'customer' and c.customer_id = d.record_id
        and d.deleted_at >= coalesce(c.version_at, d.deleted_at)
where d.record_id is null
