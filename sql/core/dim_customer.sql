-- One row for each customer that the vendor lists, and for each other one that some row names, so
-- that every row has its customer: one that the vendor has deleted, or whose record arrives later.
-- 'none' stands for no customer.
with members as (
    select
        account,
        customer_id
    from staging.known_customer
    union
    select
        account,
        customer_id
    from every_mention
)

select
    members.account,
    members.customer_id,
    case
        when customer.customer_id is not null then customer.name
        when members.customer_id = 'none' then 'no customer'
        else 'customer ' || members.customer_id
    end as name,
    customer.organization_id,
    customer.created_at,
    customer.customer_id is null as is_inferred
from members
left join staging.known_customer as customer
    on members.account = customer.account and members.customer_id = customer.customer_id
