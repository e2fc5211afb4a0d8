"""HubSpot: records that were deleted."""

from tasks.connectors.hubspot.api import lists
from tasks.entities import CONTRACT, CUSTOMER, ORGANIZATION, TICKET, TOMBSTONE, Entity
from tasks.rest.spec import FullRefresh, Output, Stream
from tasks.rest.values import sql

DELETED = {"tickets": TICKET, "contacts": CUSTOMER, "companies": ORGANIZATION, "deals": CONTRACT}


def deleted(name: str, entity: Entity) -> Stream:
    """Deleted objects of one kind."""
    return Stream(
        name=f"archived_{name}",
        description=f"Deleted {name}, as far back as the recycle bin reaches",
        path=f"/crm/v3/objects/{name}",
        params={"archived": "true"},
        records="results",
        paging=lists,
        sync=FullRefresh(replaces=False),
        optional=True,
        outputs=(
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql(f"'{entity.name}'"),
                    "record_id": "id",
                    "deleted_at": "archivedAt",
                    "version_at": "archivedAt",
                },
            ),
        ),
    )


STREAMS = (*(deleted(name, entity) for name, entity in DELETED.items()),)
