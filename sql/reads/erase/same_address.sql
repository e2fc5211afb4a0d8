select
    account,
    customer_id
from source.customer
where
    email = any(:addresses)
    and not (
        account = :account
        and customer_id in (:customer_id, :pseudonym)
    )
order by
    account,
    customer_id
