select
    o.account,
    o.organization_id,
    o.name,
    o.domain,
    o.country,
    o.created_at
from source.organization as o
left join source.tombstone as d
    on o.account = d.account and d.entity = 'organization' and o.organization_id = d.record_id
        and d.deleted_at >= coalesce(o.version_at, d.deleted_at)
where d.record_id is null
