"""Files: fields of one's own, a row for each record and field."""

from tasks.connectors.files.api import table
from tasks.entities import (
    CUSTOMER_FIELD,
    FIELD,
    FIELD_OPTION,
    ORGANIZATION_FIELD,
    TICKET_FIELD,
    TICKET_FIELD_EVENT,
)

STREAMS = (
    table("ticket_fields", "Values of own fields of tickets", TICKET_FIELD),
    table("ticket_field_events", "Changes of own fields of tickets", TICKET_FIELD_EVENT),
    table("customer_fields", "Values of own fields of customers", CUSTOMER_FIELD),
    table("organization_fields", "Values of own fields of organizations", ORGANIZATION_FIELD),
    table("field_definitions", "Own fields with their labels and kinds", FIELD),
    table("field_options", "Options of own fields with their labels", FIELD_OPTION),
)
