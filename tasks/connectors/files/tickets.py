"""Files: a helpdesk of one's own. Tickets, what happened to them, and who took part."""

from tasks.connectors.files.api import table
from tasks.connectors.files.transforms import first_messages
from tasks.entities import (
    MESSAGE,
    SLA_EVENT,
    SLA_POLICY,
    TICKET,
    TICKET_EVENT,
    TICKET_LINK,
    TICKET_STATUS,
    TIME_ENTRY,
    TOMBSTONE,
    Column,
)

STREAMS = (
    table(
        "tickets",
        "Tickets; first_replied_at stands for messages where there is no table of them",
        TICKET,
        extras=(Column("first_replied_at", "instant", "First reply of an agent"),),
        more=(("messages", MESSAGE, first_messages),),
    ),
    table("ticket_events", "Changes of tickets", TICKET_EVENT),
    table("ticket_links", "Links of tickets to other records", TICKET_LINK),
    table("ticket_statuses", "What statuses mean", TICKET_STATUS),
    table("messages", "Messages on tickets", MESSAGE),
    table("time_entries", "Work time of agents on tickets", TIME_ENTRY),
    table("sla_policies", "Service targets of policies", SLA_POLICY),
    table("sla_events", "Events of SLA clocks", SLA_EVENT),
    table("deletions", "Records that were deleted", TOMBSTONE),
)
