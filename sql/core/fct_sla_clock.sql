-- One row a clock, from the vendor's own events. A clock without an applied policy has no target and is left out.
with clocks as (
    select account, ticket_id, metric as raw_metric, instance,
        max(policy_id) as policy_id,
        min(case when kind in ('apply', 'activate') then happened_at end) as started_at,
        max(case when kind = 'apply' then 1 else 0 end) as is_applied,
        max(target_minutes) as target_minutes,
        min(case when kind = 'fulfill' then happened_at end) as fulfilled_at,
        min(case when kind = 'breach' then happened_at end) as breached_at,
        max(case when kind = 'cancel' then 1 else 0 end) as is_cancelled
    from source.sla_event group by account, ticket_id, metric, instance
)
select c.account, c.ticket_id, c.raw_metric, coalesce(m.unified, 'other') as metric, c.instance, c.policy_id, c.started_at,
    c.target_minutes, c.fulfilled_at, c.breached_at,
    case when c.breached_at is not null then 'breached' when c.fulfilled_at is not null then 'achieved' else 'running' end as state,
    coalesce(c.breached_at, c.fulfilled_at) as settled_at,
    cast(coalesce(c.breached_at, c.fulfilled_at) at time zone p.time_zone as date) as settled_on,
    t.team_id, t.channel, t.priority
from clocks as c
join staging.ticket as t on t.account = c.account and t.ticket_id = c.ticket_id
cross join ops.run_parameter as p
left join staging.value_map as m on m.kind = 'sla_metric' and m.connector = '*' and m.raw = lower(c.raw_metric)
where c.is_applied = 1 and c.is_cancelled = 0 and t.excluded_because is null
