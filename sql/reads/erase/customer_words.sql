select
    name,
    email,
    login
from source.customer
where
    account = :account
    and customer_id = :customer_id
