-- Customers lost, by what they had lived through with support in the 90 days before the month; the
-- worst counts. Groups of fewer than five show no rate. A link is not a cause. Organizations of
-- several accounts are the same if their domain is.
with months as (
    select distinct d.month_starts_on
    from core.dim_date as d
    join ops.reporting_zone as p on p.is_main and d.day <= p.last_day
),

held as (
    select
        m.month_starts_on,
        c.account,
        c.organization_id,
        o.domain,
        max(
            case when c.churned_on >= m.month_starts_on and c.churned_on < e.day then 1 else 0 end
        ) as is_lost,
        sum(
            case
                when c.churned_on >= m.month_starts_on and c.churned_on < e.day then c.yearly_amount
            end
        ) as lost_amount
    from months as m
    join core.dim_date as e
        on e.day_of_month = 1 and m.month_starts_on < e.day and e.day <= m.month_starts_on + 31
    join source.contract as c
        on (c.starts_on is null or m.month_starts_on > c.starts_on)
            and (c.churned_on is null or m.month_starts_on <= c.churned_on)
    left join core.dim_organization as o
        on c.account = o.account and c.organization_id = o.organization_id
    left join source.tombstone as x
        on c.account = x.account
            and x.entity = 'contract'
            and c.contract_id = x.record_id
            and x.deleted_at >= coalesce(c.version_at, x.deleted_at)
    where x.record_id is null
    group by m.month_starts_on, c.account, c.organization_id, o.domain
),

told as (
    select
        t.account,
        t.ticket_id,
        t.organization_id,
        o.domain,
        t.created_on,
        t.is_csat_satisfied
    from core.fct_ticket as t
    left join core.dim_organization as o
        on t.account = o.account and t.organization_id = o.organization_id
    where not t.is_excluded and t.organization_id is not null
),

events as (
    select
        account,
        organization_id,
        domain,
        created_on as day,
        1 as weight
    from told
    union all
    select
        t.account,
        t.organization_id,
        t.domain,
        s.settled_on,
        2
    from core.fct_sla_clock as s
    join told as t on s.account = t.account and s.ticket_id = t.ticket_id
    where s.state = 'breached'
    union all
    select
        t.account,
        t.organization_id,
        t.domain,
        r.responded_on,
        case when r.metric = 'nps' then 4 else 3 end
    from core.fct_survey_response as r
    join told as t on r.ticket_account = t.account and r.ticket_id = t.ticket_id
    where (r.metric = 'csat' and not r.is_satisfied) or (r.metric = 'nps' and r.score <= 6)
),

exposed as (
    select
        h.month_starts_on,
        h.account,
        h.organization_id,
        max(e.weight) as weight
    from held as h
    join events as e
        on (h.account = e.account and h.organization_id = e.organization_id or h.domain = e.domain)
            and h.month_starts_on > e.day and e.day >= h.month_starts_on - 90
    group by h.month_starts_on, h.account, h.organization_id
)

select
    h.month_starts_on,
    h.account,
    case coalesce(x.weight, 0)
        when 0 then 'no ticket' when 1 then 'ticket' when 2 then 'SLA breach'
        when 3 then 'unsatisfied'
        else 'detractor'
    end as exposure,
    count(*) as organizations_count,
    sum(h.is_lost) as lost_count,
    sum(h.lost_amount) as lost_yearly_amount,
    case when count(*) < 5 then null else cast(sum(h.is_lost) as double) / count(*) end
        as churn_rate
from held as h
left join exposed as x
    on h.month_starts_on = x.month_starts_on
        and h.account = x.account
        and h.organization_id = x.organization_id
group by
    h.month_starts_on, h.account,
    case coalesce(x.weight, 0)
        when 0 then 'no ticket' when 1 then 'ticket' when 2 then 'SLA breach'
        when 3 then 'unsatisfied'
        else 'detractor'
    end
