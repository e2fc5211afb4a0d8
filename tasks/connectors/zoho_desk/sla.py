"""Zoho Desk: SLA clocks and policies."""

from tasks.rest.shapes import due_clock

SLA_EVENTS = (
    *due_clock(
        "resolution",
        "dueDate",
        "closedTime",
        created="createdTime",
        changed="modifiedTime",
    ),
)
