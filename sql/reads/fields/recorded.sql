select
    name,
    record_type,
    wanted,
    field_id,
    kind,
    chosen_at
from ops.account_field
where account = :account
order by name asc
