-- One row for each organization that the vendor lists, and for each other one that some row names,
-- so that every row has its organization: one that the vendor has deleted, or whose record arrives
-- later. 'none' stands for no organization.
with members as (
    select
        account,
        organization_id
    from staging.known_organization
    union
    select
        account,
        organization_id
    from every_mention
)

select
    members.account,
    members.organization_id,
    case
        when organization.organization_id is not null then organization.name
        when members.organization_id = 'none' then 'no organization'
        else 'organization ' || members.organization_id
    end as name,
    organization.domain,
    organization.country,
    organization.created_at,
    organization.organization_id is null as is_inferred
from members
left join staging.known_organization as organization
    on members.account = organization.account
        and members.organization_id = organization.organization_id
