"""Front: custom fields and tags.

Records name custom fields as people see them, so a field that is renamed is another one. Dates are
Unix seconds. Fields of accounts are left out: no ticket leads to an account.
"""

from tasks.clock import from_epoch
from tasks.connectors.front.api import HUNDREDS, full
from tasks.connectors.front.tickets import IS_TICKET, VERSION
from tasks.entities import FIELD, FIELD_OPTION
from tasks.rest.fields import OwnFields, RecordType
from tasks.rest.spec import Json, Output, Stream
from tasks.rest.values import AsText, Item, ItemPosition, ListPosition, Source, sql

KIND = sql(
    """
    case {type}
        when 'boolean' then 'flag'
        when 'datetime' then 'date'
        when 'number' then 'number'
        when 'enum' then 'one'
        when 'inbox' then 'one'
        else 'text'
    end"""
)


def fields_of(record_type: RecordType, path: str) -> Stream:
    """The list of a record type's custom fields, with the values of closed lists."""
    of_record: dict[str, Source] = {"record_type": sql(f"'{record_type}'"), "field_id": "name"}
    return full(
        f"{record_type}_fields",
        f"Custom fields of {record_type}s and their values",
        Output(FIELD, {**of_record, "label": "name", "kind": KIND, "is_active": sql("true")}),
        Output(
            FIELD_OPTION,
            {
                **of_record,
                "value": Item("value"),
                "label": Item("label"),
                "position": ItemPosition(),
                "is_active": sql("true"),
            },
            each="values",
        ),
        path=f"{path}/custom_fields",
        replaces=True,
        optional=True,
    )


STREAMS = (
    fields_of("ticket", "conversations"),
    fields_of("customer", "contacts"),
    full(
        "tags",
        "Names of tags",
        Output(
            FIELD_OPTION,
            {
                "record_type": sql("'ticket'"),
                "field_id": sql("'tags'"),
                "value": "id",
                "label": "name",
                "position": ListPosition(),
                "is_active": sql("true"),
            },
        ),
        paging=HUNDREDS,
        replaces=True,
        optional=True,
    ),
)


def ids(tags: Json) -> Json:
    """The ids of a list of tags."""
    return [tag.get("id") for tag in tags if isinstance(tag, dict)]


def instant(seconds: Json) -> Json:
    """An instant that is given in Unix seconds."""
    return from_epoch(seconds) if isinstance(seconds, (int, float)) else seconds


OWN_FIELDS = (
    OwnFields(
        "ticket",
        stream="events",
        section="conversation",
        record_id="id",
        version=VERSION,
        at="custom_fields",
        reserved={"tags": AsText("tags", reshape=ids)},
        by_kind={"date": instant},
        filter=IS_TICKET,
    ),
    OwnFields(
        "customer",
        stream="contacts",
        record_id="id",
        at="custom_fields",
        by_kind={"date": instant},
    ),
)
