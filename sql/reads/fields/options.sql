select
    record_type,
    field_id,
    value,
    label
from source.field_option
where account = :account and label is not null
order by
    record_type asc,
    field_id asc,
    value asc
