-- One row for each field that an account's settings name, with the vendor's id of the field.
select
    account,
    name,
    record_type,
    field_id,
    is_slice
from ops.account_field
