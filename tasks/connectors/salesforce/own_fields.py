"""Salesforce Service Cloud: the org's own fields, record types, languages and reasons.

A describe call lists the fields of an object, with the values of its picklists and its record
types. Fields are asked for by name, so only chosen ones are. What a lookup leads to is read by its
name. The values of a multi-select picklist are one text, with semicolons between them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tasks.connectors.salesforce.api import API
from tasks.connectors.salesforce.tickets import IS_TICKET
from tasks.entities import FIELD, FIELD_OPTION
from tasks.rest.fields import OwnFields, RecordType
from tasks.rest.paging import SinglePage
from tasks.rest.spec import (
    FullRefresh,
    IncrementalWindow,
    Json,
    Output,
    Record,
    RecordContext,
    Request,
    Row,
    Stream,
    Transform,
)
from tasks.rest.values import AsText, WholeBody, sql

RESERVED = {"form": "RecordTypeId", "language": "Language", "contact_reason": "Reason"}
KINDS = {
    "picklist": "one",
    "combobox": "one",
    "multipicklist": "many",
    "boolean": "flag",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "date",
}
READ_ELSEWHERE = {"Status", "Priority", "Origin", "Type", "IsDeleted", "IsClosed", "IsActive"}
NAMED = {"Account", "Asset", "Campaign", "Contact", "Entitlement", "Product2", "User"}
_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)?")  # of a field, or of one that a lookup leads to
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}(\+0000|Z)")


def own_fields(described: Record) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Fields that people may want, each with the name by which it is asked for."""
    for one in described["fields"]:
        leads_to = one.get("relationshipName")
        if one["name"] in READ_ELSEWHERE or one["name"] in RESERVED.values():
            continue
        if one["type"] == "reference":
            if one.get("custom") and leads_to and has_names(one):
                yield f"{leads_to}.Name", one
        elif one.get("custom") or one["type"] in {"picklist", "multipicklist", "boolean"}:
            yield one["name"], one


def has_names(lookup: Mapping[str, Json]) -> bool:
    """Whether the records that a lookup leads to have a name, as those of an org's own objects."""
    tables = lookup.get("referenceTo") or ()
    return bool(tables) and all(one in NAMED or one.endswith("__c") for one in tables)


def fields_of(record_type: RecordType) -> Transform:
    """A row for each field of an object."""

    def rows(described: Record, context: RecordContext) -> Iterable[Row]:
        for name, one in own_fields(described):
            yield {
                "record_type": record_type,
                "field_id": name,
                "label": one.get("label"),
                "kind": "one" if one["type"] == "reference" else KINDS.get(one["type"], "text"),
                "is_active": not one.get("deprecatedAndHidden"),
            }

    return rows


def options_of(record_type: RecordType) -> Transform:
    """A row for each value of the picklists, also of those with a reserved name."""

    def rows(described: Record, context: RecordContext) -> Iterable[Row]:
        by_name = dict(own_fields(described))
        if record_type == "ticket":
            standard = {one["name"]: one for one in described["fields"]}
            by_name |= {
                reserved: standard[name] for reserved, name in RESERVED.items() if name in standard
            }
        for field_id, one in by_name.items():
            for position, value in enumerate(one.get("picklistValues") or ()):
                yield {
                    "record_type": record_type,
                    "field_id": field_id,
                    "value": value["value"],
                    "label": value.get("label"),
                    "position": position,
                    "is_active": value.get("active"),
                }

    return rows


def record_types(described: Record, context: RecordContext) -> Iterable[Row]:
    """A row for each record type, which stands for a form."""
    for position, one in enumerate(described.get("recordTypeInfos") or ()):
        yield {
            "record_type": "ticket",
            "field_id": "form",
            "value": one["recordTypeId"],
            "label": one["name"],
            "position": position,
            "is_active": one.get("active", one.get("available")),
        }


def described(record_type: RecordType, table: str, *more: Output) -> Stream:
    """The list of an object's fields."""
    return Stream(
        name=f"{table.lower()}_fields",
        description=f"Fields of {record_type}s and their values",
        path=f"{API}/sobjects/{table}/describe",
        records=WholeBody(),
        paging=SinglePage(),
        sync=FullRefresh(replaces=True),
        outputs=(
            Output(FIELD, transform=fields_of(record_type)),
            Output(FIELD_OPTION, transform=options_of(record_type)),
            *more,
        ),
        optional=True,
    )


STREAMS = (
    described("ticket", "Case", Output(FIELD_OPTION, transform=record_types)),
    described("customer", "Contact"),
    described("organization", "Account"),
)


def widened(query: str, names: Sequence[str]) -> str:
    """A query that asks for some more fields."""
    chosen, _, rest = query.removeprefix("SELECT ").partition(" FROM ")
    present = [name.strip() for name in chosen.split(",")]
    more = [name for name in names if _NAME.fullmatch(name)]
    return f"SELECT {', '.join(dict.fromkeys((*present, *more)))} FROM {rest}"


def asking(stream: Stream, names: Sequence[str]) -> Stream:
    """The stream, asking for some more fields: page by page, and in bulk jobs."""
    sync, export = stream.sync, stream.export
    assert isinstance(sync, IncrementalWindow)
    assert export is not None

    def start(partition: str | None, window: Json, settings: Mapping[str, Json]) -> Request:
        request = export.start(partition, window, settings)
        return replace(
            request, body={**request.body, "query": widened(request.body["query"], names)}
        )

    def ask(window: Json) -> Mapping[str, str]:
        params = sync.ask(window)
        return {**params, "q": widened(params["q"], names)}

    return replace(stream, sync=replace(sync, ask=ask), export=replace(export, start=start))


def plain(value: Json) -> Json:
    """An instant in one form, however it was asked for; other values as they are."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    return f"{found[1]}Z" if found else value


def several(value: Json) -> Json:
    """The values of a multi-select picklist."""
    return value.split(";") if isinstance(value, str) else value


def fields_in(
    record_type: RecordType, stream: str, row_filter: str, reserved: Mapping[str, str] | None = None
) -> OwnFields:
    """Own fields of one object's records."""
    return OwnFields(
        record_type,
        stream=stream,
        record_id="Id",
        version="SystemModstamp",
        at="",
        place_of=lambda name: AsText(name, reshape=plain),
        reserved=reserved or {},
        by_kind={"many": several},
        filter=sql(row_filter),
        ask=asking,
        asked_as=reserved or {},
    )


OWN_FIELDS = (
    fields_in("ticket", "cases", IS_TICKET, RESERVED),
    fields_in("customer", "contacts", "not cast({IsDeleted} as boolean)"),
    fields_in("organization", "accounts", "not cast({IsDeleted} as boolean)"),
)
