select
    record_type,
    field_id,
    label,
    kind,
    is_active
from source.field
where account = :account
order by
    record_type asc,
    field_id asc
