-- One row for each target of an SLA policy, with the vendor's metric mapped to ours.
select
    sla_policy.account,
    sla_policy.policy_id,
    sla_policy.metric as raw_metric,
    coalesce(account_value.meaning, 'other') as metric,
    sla_policy.priority as raw_priority,
    sla_policy.name,
    sla_policy.target_minutes,
    sla_policy.is_business
from source.sla_policy as sla_policy
left join staging.account_value as account_value
    on account_value.kind = 'sla_metric'
        and sla_policy.account = account_value.account
        and sla_policy.metric = account_value.value
