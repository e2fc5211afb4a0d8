"""Intercom: records that were deleted."""

from tasks.connectors.intercom.api import full
from tasks.entities import TOMBSTONE
from tasks.rest.paging import LinkWithQuery
from tasks.rest.spec import Output
from tasks.rest.values import epoch, sql

STREAMS = (
    full(
        "deleted_conversations",
        "Deleted conversations",
        Output(
            TOMBSTONE,
            fields={
                "entity": sql("'ticket'"),
                "record_id": "id",
                "deleted_at": epoch("deleted_at"),
                "version_at": epoch("deleted_at"),
            },
        ),
        path="conversations/deleted",
        records="conversations",
        params={"page": "1", "per_page": "60", "order": "desc"},
        paging=LinkWithQuery(at="pages.next"),
        optional=True,
    ),
)
