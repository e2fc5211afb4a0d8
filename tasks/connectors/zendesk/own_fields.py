"""Zendesk Support: the fields that an account defines, tags, brands and forms.

Records of tickets list their fields by id; those of users and organizations name them by key. A
field that is switched off is not in the list of a ticket. Changes of a ticket's field name it by
id, in `custom_ticket_fields` of a child event.
"""

from tasks.connectors.zendesk.api import by_cursor, full
from tasks.connectors.zendesk.people import IS_CUSTOMER, IS_DELETED
from tasks.connectors.zendesk.tickets import VERSION
from tasks.entities import FIELD, FIELD_OPTION, TICKET_FIELD_EVENT
from tasks.rest.fields import Chosen, OwnFields
from tasks.rest.spec import Output, Stream
from tasks.rest.values import AsText, Item, ItemPosition, ListPosition, Present, Source, sql

# Fields that every account has, and that tickets carry elsewhere.
SYSTEM = (
    "'subject', 'description', 'status', 'tickettype', 'priority', 'basic_priority', 'group',"
    " 'assignee', 'custom_status'"
)
KIND = sql(
    "case when {type} in ('integer', 'decimal') then 'number'"
    " when {type} = 'date' then 'date'"
    " when {type} = 'checkbox' then 'flag'"
    " when {type} in ('tagger', 'dropdown') then 'one'"
    " when {type} = 'multiselect' then 'many'"
    " else 'text' end"
)


def fields_of(record_type: str, path: str, key: str) -> Stream:
    """The list of a record type's fields, with the values that each can have."""
    of_record: dict[str, Source] = {
        "record_type": sql(f"'{record_type}'"),
        "field_id": key,
    }
    is_own = sql(f"coalesce({{type}}, '') not in ({SYSTEM})")
    return full(
        path,
        f"Fields of {record_type}s and their values",
        Output(
            FIELD,
            {
                **of_record,
                "label": "title",
                "kind": KIND,
                "is_active": "active",
            },
            filter=is_own,
        ),
        Output(
            FIELD_OPTION,
            {
                **of_record,
                "value": Item("value"),
                "label": Item("name"),
                "position": ItemPosition(),
                "is_active": sql("true"),
            },
            each="custom_field_options",
            filter=is_own,
        ),
        path=f"{path}.json",
        paging=by_cursor,
        replaces=True,
        optional=True,
    )


def names_of(
    field_id: str,
    path: str,
    description: str,
    is_active: Source,
) -> Stream:
    """A list whose names are the values of a reserved field."""
    return full(
        path,
        description,
        Output(
            FIELD_OPTION,
            {
                "record_type": sql("'ticket'"),
                "field_id": sql(f"'{field_id}'"),
                "value": "id",
                "label": "name",
                "position": ListPosition(),
                "is_active": is_active,
            },
        ),
        path=f"{path}.json",
        paging=by_cursor,
        replaces=True,
        optional=True,
    )


def changes(chosen: Chosen) -> Output | None:
    """Child events of one field: a key of `custom_ticket_fields`, which are ids."""
    field_id = chosen.field_id
    if not field_id.isdigit():
        return None
    return Output(
        TICKET_FIELD_EVENT,
        each="child_events",
        filter=Present(Item(f"custom_ticket_fields.{field_id}")),
        fields={
            "event_id": Item("id"),
            "field_id": sql(f"'{field_id}'"),
            "ticket_id": "ticket_id",
            "from_value": AsText(Item("previous_value")),
            "to_value": AsText(Item("custom_ticket_fields"), field_id),
            "changed_at": "created_at",
            "actor_id": "updater_id",
            "sequence": Item("id"),
        },
    )


STREAMS = (
    fields_of("ticket", "ticket_fields", "id"),
    fields_of("customer", "user_fields", "key"),
    fields_of("organization", "organization_fields", "key"),
    names_of(
        "brand",
        "brands",
        "Brands",
        sql(
            "coalesce(cast({active} as boolean), true)"
            " and not coalesce(cast({is_deleted} as boolean), false)"
        ),
    ),
    names_of("form", "ticket_forms", "Ticket forms", "active"),
)

OWN_FIELDS = (
    OwnFields(
        "ticket",
        stream="tickets",
        record_id="id",
        version=VERSION,
        at="custom_fields",
        item_id="id",
        reserved={"tags": "tags", "brand": "brand_id", "form": "ticket_form_id"},
        filter=sql("{status} is distinct from 'deleted'"),
        changes=changes,
        changes_in="ticket_events",
    ),
    OwnFields(
        "customer",
        stream="users",
        record_id="id",
        version="updated_at",
        at="user_fields",
        reserved={"tags": "tags", "language": "locale"},
        filter=IS_CUSTOMER,
        empty_if=sql(IS_DELETED),
    ),
    OwnFields(
        "organization",
        stream="organizations",
        record_id="id",
        version="updated_at",
        at="organization_fields",
        reserved={"tags": "tags"},
    ),
)
