select
    p.account,
    p.policy_id,
    p.metric as raw_metric,
    coalesce(m.unified, 'other') as metric,
    p.priority as raw_priority,
    p.name,
    p.target_minutes,
    p.is_business
from source.sla_policy as p
left join staging.value_map as m
    on m.kind = 'sla_metric' and m.connector = '*' and m.raw = lower(p.metric)
