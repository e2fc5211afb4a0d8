-- One row for each target of an SLA policy, with the vendor's metric mapped to ours.
select
    sla_policy.account,
    sla_policy.policy_id,
    sla_policy.metric as raw_metric,
    coalesce(mapping.unified, 'other') as metric,
    sla_policy.priority as raw_priority,
    sla_policy.name,
    sla_policy.target_minutes,
    sla_policy.is_business
from source.sla_policy as sla_policy
left join staging.value_map as mapping
    on mapping.kind = 'sla_metric'
        and mapping.connector = '*'
        and mapping.raw = lower(sla_policy.metric)
