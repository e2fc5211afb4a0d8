-- One row for each raw status of an account with its category, as `staging.account_value` has it.
select
    account,
    value as status_id,
    label,
    meaning as category
from staging.account_value
where kind = 'status'
