"""Freshdesk: records that were deleted."""

from tasks.connectors.freshdesk.api import CHANGES, since
from tasks.entities import TOMBSTONE
from tasks.rest.spec import Output, Stream
from tasks.rest.values import TopLevelList, sql


def gone(kind: str) -> Stream:
    """Tickets in one of the two lists that hide them."""
    return Stream(
        name=f"{kind}_tickets",
        description=f"Tickets marked as {kind}",
        path="/api/v2/tickets",
        params={"filter": kind, "order_by": "updated_at", "order_type": "asc"},
        records=TopLevelList(),
        paging=CHANGES,
        sync=since("updated_since"),
        outputs=(
            Output(
                TOMBSTONE,
                fields={
                    "entity": sql("'ticket'"),
                    "record_id": "id",
                    "deleted_at": "updated_at",
                    "version_at": "updated_at",
                },
            ),
        ),
    )


STREAMS = (
    gone("deleted"),
    gone("spam"),
)
