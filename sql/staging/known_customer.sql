-- One row for each customer that the vendor has not deleted since its latest version, and that the
-- same list has not reported as an agent since then. A placeholder stands for a name that is not
-- stored.
select
    customer.account,
    customer.customer_id,
    coalesce(customer.name, 'customer ' || customer.customer_id) as name,
    customer.organization_id,
    customer.created_at
from source.customer as customer
left join source.tombstone as tombstone
    on customer.account = tombstone.account
        and tombstone.entity = 'customer'
        and customer.customer_id = tombstone.record_id
        and tombstone.deleted_at >= coalesce(customer.version_at, tombstone.deleted_at)
left join source.agent as agent
    on customer.account = agent.account
        and customer.customer_id = agent.agent_id
        and customer.loaded_stream = agent.loaded_stream
        and customer.version_at < agent.version_at
where tombstone.record_id is null and agent.agent_id is null
