select ticket_id
from source.ticket
where
    account = :account
    and requester_id in (:customer_id, :pseudonym)
union
select ticket_id
from source.ticket_link
where
    account = :account
    and linked_id in (:customer_id, :pseudonym)
    and kind = 'customer'
