"""Zendesk Support: records that were deleted."""

from tasks.connectors.zendesk.api import by_cursor, full
from tasks.entities import TOMBSTONE
from tasks.rest.spec import Output
from tasks.rest.values import sql

STREAMS = (
    full(
        "deleted_tickets",
        "Tickets deleted in the last 30 days",
        Output(
            TOMBSTONE,
            fields={
                "entity": sql("'ticket'"),
                "record_id": "id",
                "deleted_at": "deleted_at",
                "version_at": "deleted_at",
            },
        ),
        path="deleted_tickets.json",
        paging=by_cursor,
        optional=True,
        requests_per_minute=10,
    ),
)
