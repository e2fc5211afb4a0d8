"""Zoho Desk: custom fields, layouts, languages and tags.

Custom fields stand in `cf` by their API name, all values as text. A layout stands for a form. Tags
are a call for each ticket, which is made only where they are chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tasks.connectors.zoho_desk.api import API, full, instant, written
from tasks.connectors.zoho_desk.tickets import GONE
from tasks.entities import FIELD, FIELD_OPTION
from tasks.rest.fields import OwnFields, RecordType
from tasks.rest.paging import Offset
from tasks.rest.spec import ChildStream, Json, Output, Request, Stream
from tasks.rest.values import (
    AsText,
    Item,
    ItemPosition,
    ListPosition,
    Partition,
    Source,
    WholeBody,
    sql,
)

KIND = sql(
    """
    case
        when {type} = 'Picklist' and coalesce(cast({isNested} as boolean), false) then 'cascade'
        when {type} = 'Picklist' or {apiName} = 'productId' then 'one'
        when {type} = 'Multiselect' then 'many'
        when {type} in ('Boolean', 'Checkbox') then 'flag'
        when {type} in ('Number', 'Percent', 'Decimal', 'Currency') then 'number'
        when {type} in ('Date', 'DateTime') then 'date'
        else 'text'
    end"""
)
SYSTEM = "'category', 'subCategory', 'productId'"  # those that no other table has
IS_OWN = f"cast({{isCustomField}} as boolean) or {{apiName}} in ({SYSTEM})"


def fields_of(record_type: RecordType, module: str) -> Stream:
    """The list of a module's fields, with the values of closed lists."""
    of_record: dict[str, Source] = {"record_type": sql(f"'{record_type}'"), "field_id": "apiName"}
    return full(
        f"{record_type}_fields",
        f"Fields of {record_type}s and their values",
        Output(
            FIELD,
            {**of_record, "label": "displayLabel", "kind": KIND, "is_active": sql("true")},
            filter=sql(IS_OWN),
        ),
        Output(
            FIELD_OPTION,
            {
                **of_record,
                "value": Item("value"),
                "label": Item("value"),
                "position": ItemPosition(),
                "is_active": sql("true"),
            },
            each="allowedValues",
            filter=sql(IS_OWN),
        ),
        path="organizationFields",
        params={"module": module},
        replaces=True,
        optional=True,
    )


STREAMS = (
    fields_of("ticket", "tickets"),
    fields_of("customer", "contacts"),
    fields_of("organization", "accounts"),
    full(
        "layouts",
        "Layouts of tickets, which stand for forms",
        Output(
            FIELD_OPTION,
            {
                "record_type": sql("'ticket'"),
                "field_id": sql("'form'"),
                "value": "id",
                "label": "layoutName",
                "position": ListPosition(),
                "is_active": sql("true"),
            },
        ),
        params={"module": "tickets", "status": "all"},
        paging=Offset("from", "limit", 99),
        replaces=True,
        optional=True,
    ),
)


def place_of(api_name: str) -> AsText:
    """Where a field stands in a record."""
    if api_name == "productId":
        return AsText("product.productName")
    return AsText("cf" if api_name.startswith("cf_") else "", api_name)


def several(value: Json) -> Json:
    """The values of a field of many; a list, or one text with semicolons."""
    return value.split(";") if isinstance(value, str) else value


def day(value: Json) -> Json:
    """A day or an instant, which may come as milliseconds."""
    return written(value)


def names(tags: Json) -> Json:
    """The names of a list of tags."""
    return [tag.get("name") for tag in tags if isinstance(tag, dict)]


def with_tags(stream: Stream, names_asked: Sequence[str]) -> Stream:
    """The stream, with a call for the tags of each ticket."""
    tags = ChildStream(
        "tags",
        lambda ids: Request(f"{API}/tickets/{ids[0]}/tags"),
        key="id",
        records=WholeBody(),
    )
    return replace(stream, child_streams=(*stream.child_streams, tags))


def fields_in(
    record_type: RecordType, stream: str, reserved: Mapping[str, str] | None = None, **more: Json
) -> OwnFields:
    """Own fields of a module's records."""
    return OwnFields(
        record_type,
        stream=stream,
        record_id="id",
        version=instant("modifiedTime"),
        at="cf",
        place_of=place_of,
        reserved=reserved or {},
        by_kind={"many": several, "date": day},
        **more,
    )


OWN_FIELDS = (
    fields_in(
        "ticket",
        "tickets",
        {"form": "layoutId", "language": "language"},
        filter=sql(f"not ({GONE})"),
    ),
    OwnFields(
        "ticket",
        stream="tickets",
        section="tags",
        record_id=Partition(),
        reserved={"tags": AsText("tags", reshape=names)},
        ask=with_tags,
        asked_as={"tags": "tags"},
    ),
    fields_in("customer", "contacts"),
    fields_in("organization", "accounts"),
)
