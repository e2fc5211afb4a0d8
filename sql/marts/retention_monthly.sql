-- One row for each month, account and worst support experience of the 90 days before it, with the
-- customers lost. Groups of fewer than five show no rate. A link is not a cause. Organizations of
-- several accounts are the same if they share a domain.
with months as (
    select distinct calendar.month_starts_on
    from staging.known_day as calendar
    join ops.reporting_zone as zone on zone.is_main and calendar.day <= zone.last_day
),

contract_holders as (
    select
        months.month_starts_on,
        contract.account,
        contract.organization_id,
        organization.domain,
        max(
            case
                when contract.churned_on >= months.month_starts_on
                    and contract.churned_on < calendar.day
                    then 1
                else 0
            end
        ) as is_lost,
        sum(
            case
                when contract.churned_on >= months.month_starts_on
                    and contract.churned_on < calendar.day
                    then contract.yearly_amount
            end
        ) as lost_amount
    from months
    join staging.known_day as calendar
        on calendar.day_of_month = 1
            and months.month_starts_on < calendar.day
            and calendar.day <= months.month_starts_on + 31
    join source.contract as contract
        on (contract.starts_on is null or months.month_starts_on > contract.starts_on)
            and (contract.churned_on is null or months.month_starts_on <= contract.churned_on)
    left join staging.known_organization as organization
        on contract.account = organization.account
            and contract.organization_id = organization.organization_id
    left join source.tombstone as tombstone
        on contract.account = tombstone.account
            and tombstone.entity = 'contract'
            and contract.contract_id = tombstone.record_id
            and tombstone.deleted_at >= coalesce(contract.version_at, tombstone.deleted_at)
    where tombstone.record_id is null
    group by months.month_starts_on, contract.account, contract.organization_id, organization.domain
),

organization_tickets as (
    select
        ticket.account,
        ticket.ticket_id,
        ticket.organization_id,
        organization.domain,
        ticket.created_on,
        ticket.is_csat_satisfied
    from core.fct_ticket as ticket
    left join staging.known_organization as organization
        on ticket.account = organization.account
            and ticket.organization_id = organization.organization_id
    where not ticket.is_excluded and ticket.organization_id is not null
),

-- Weights rank the experiences: ticket, SLA breach, dissatisfied, detractor.
support_events as (
    select
        account,
        organization_id,
        domain,
        created_on as day,
        1 as weight
    from organization_tickets
    union all
    select
        organization_tickets.account,
        organization_tickets.organization_id,
        organization_tickets.domain,
        sla_clock.settled_on,
        2
    from core.fct_sla_clock as sla_clock
    join organization_tickets
        on sla_clock.account = organization_tickets.account
            and sla_clock.ticket_id = organization_tickets.ticket_id
    where sla_clock.state = 'breached'
    union all
    select
        organization_tickets.account,
        organization_tickets.organization_id,
        organization_tickets.domain,
        response.responded_on,
        case when response.metric = 'nps' then 4 else 3 end
    from core.fct_survey_response as response
    join organization_tickets
        on response.ticket_account = organization_tickets.account
            and response.ticket_id = organization_tickets.ticket_id
    where (response.metric = 'csat' and not response.is_satisfied)
        or (response.metric = 'nps' and response.score <= 6)
),

worst_events as (
    select
        contract_holders.month_starts_on,
        contract_holders.account,
        contract_holders.organization_id,
        max(support_events.weight) as weight
    from contract_holders
    join support_events
        on (
            contract_holders.account = support_events.account
            and contract_holders.organization_id = support_events.organization_id
            or contract_holders.domain = support_events.domain
        )
        and contract_holders.month_starts_on > support_events.day
        and support_events.day >= contract_holders.month_starts_on - 90
    group by
        contract_holders.month_starts_on, contract_holders.account, contract_holders.organization_id
)

select
    contract_holders.month_starts_on,
    contract_holders.account,
    case coalesce(worst_events.weight, 0)
        when 0 then 'no ticket' when 1 then 'ticket'
        when 2 then 'SLA breach'
        when 3 then 'unsatisfied'
        else 'detractor'
    end as exposure,
    count(*) as organizations_count,
    sum(contract_holders.is_lost) as lost_count,
    sum(contract_holders.lost_amount) as lost_yearly_amount,
    case
        when count(*) < 5 then null
        else cast(sum(contract_holders.is_lost) as double) / count(*)
    end
        as churn_rate
from contract_holders
left join worst_events
    on contract_holders.month_starts_on = worst_events.month_starts_on
        and contract_holders.account = worst_events.account
        and contract_holders.organization_id = worst_events.organization_id
group by
    contract_holders.month_starts_on, contract_holders.account,
    case coalesce(worst_events.weight, 0)
        when 0 then 'no ticket' when 1 then 'ticket'
        when 2 then 'SLA breach'
        when 3 then 'unsatisfied'
        else 'detractor'
    end
