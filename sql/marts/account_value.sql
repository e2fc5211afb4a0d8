-- One row for each status, priority, channel, SLA metric and team of an account, with what it means
-- here, who decided that, and the number of tickets that have or had it.
with uses as (
    select
        account,
        'status' as kind,
        status as value,
        ticket_id
    from source.ticket
    union
    select
        account,
        field,
        to_value,
        ticket_id
    from source.ticket_event
    where field in ('status', 'priority')
    union
    select
        account,
        field,
        from_value,
        ticket_id
    from source.ticket_event
    where field in ('status', 'priority')
    union
    select
        account,
        'priority',
        priority,
        ticket_id
    from source.ticket
    union
    select
        account,
        'channel',
        channel,
        ticket_id
    from source.ticket
    union
    select
        account,
        'team',
        team_id,
        ticket_id
    from source.ticket
    union
    select
        account,
        'sla_metric',
        metric,
        ticket_id
    from source.sla_event
),

ticket_counts as (
    select
        uses.account,
        uses.kind,
        uses.value,
        count(*) as tickets_count
    from uses
    inner join staging.ticket as live
        on uses.account = live.account
            and uses.ticket_id = live.ticket_id
    where uses.value is not null
    group by uses.account, uses.kind, uses.value
),

all_values as (
    select
        account,
        kind,
        value,
        label,
        meaning,
        decided_by,
        proposed
    from staging.account_value
    where kind not like 'field:%'
    union all
    select
        account,
        'team',
        team_id,
        coalesce(vendor_name, team_id),
        coalesce(name, 'team ' || team_id),
        decided_by,
        cast(null as varchar)
    from staging.team
)

select
    all_values.account,
    all_values.kind,
    all_values.value,
    all_values.label,
    all_values.meaning,
    all_values.decided_by,
    all_values.proposed,
    coalesce(ticket_counts.tickets_count, 0) as tickets_count
from all_values
left join ticket_counts
    on all_values.account = ticket_counts.account
        and all_values.kind = ticket_counts.kind
        and all_values.value = ticket_counts.value
-- no vendor lists its priorities and channels: one that deleted tickets alone had is not there
where ticket_counts.tickets_count > 0 or all_values.kind not in ('priority', 'channel')
