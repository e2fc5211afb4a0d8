-- One row for each organization that the vendor has not deleted since its latest version.
select
    organization.account,
    organization.organization_id,
    organization.name,
    organization.domain,
    organization.country,
    organization.created_at
from source.organization as organization
left join source.tombstone as tombstone
    on organization.account = tombstone.account
        and tombstone.entity = 'organization'
        and organization.organization_id = tombstone.record_id
        and tombstone.deleted_at >= coalesce(organization.version_at, tombstone.deleted_at)
where tombstone.record_id is null
