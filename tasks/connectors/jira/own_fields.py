"""Jira Service Management: the fields of requests; labels stand for tags.

Every field stands under its id among the fields of an issue. Options are read by the name that an
issue carries, since lists of options need the right to administer Jira. The request type and the
language of a request are fields of the site.
"""

from collections.abc import Iterator, Mapping

from tasks.connectors.jira.api import full
from tasks.entities import FIELD
from tasks.rest.fields import OwnFields
from tasks.rest.paging import SinglePage
from tasks.rest.spec import Json, Output, Record, RecordContext, Row
from tasks.rest.values import TopLevelList

KINDS = {
    "string": "text",
    "number": "number",
    "date": "date",
    "datetime": "date",
    "option": "one",
    "option-with-child": "cascade",
    "resolution": "one",
    "securitylevel": "one",
    "sd-customerrequesttype": "one",
    "sd-request-lang": "one",
}
MANY_OF = frozenset({"option", "string", "component", "version", "sd-customerorganization"})
CARRIED = frozenset({"summary", "description", "created", "updated", "resolutiondate", "labels"})
NAMES = ("value", "name", "displayName")  # what people read of an object, by its kind


def definition(field: Record, context: RecordContext) -> Iterator[Row]:
    """A field whose values are plain; people, SLAs and links have other tables or none.

    The search asks for what is navigable, so that other fields would stay empty.
    """
    schema = field.get("schema") or {}
    kind = KINDS.get(str(schema.get("type")))
    if schema.get("type") == "array" and schema.get("items") in MANY_OF:
        kind = "many"
    if kind and field["id"] not in CARRIED and field.get("navigable") is not False:
        yield {
            "record_type": "ticket",
            "field_id": field["id"],
            "label": field.get("name"),
            "kind": kind,
            "is_active": True,
        }


def plain(value: Json) -> Json:
    """A value as people read it: an option by its name, a cascade by the names of its levels."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("type") == "doc":
        return " ".join(words(value)) or None
    if isinstance(value.get("requestType"), Mapping):
        return value["requestType"].get("name")
    if isinstance(value.get("child"), Mapping):
        return f"{value.get('value')} / {plain(value['child'])}"
    return next((value[name] for name in NAMES if value.get(name) is not None), None)


def words(part: Mapping[str, Json]) -> Iterator[str]:
    """The texts of a document, as Jira writes fields of several lines."""
    if part.get("text"):
        yield str(part["text"])
    for below in part.get("content") or ():
        yield from words(below)


STREAMS = (
    full(
        "fields",
        "Fields of requests",
        Output(FIELD, transform=definition),
        path="field",
        records=TopLevelList(),
        paging=SinglePage(),
        replaces=True,
        optional=True,
    ),
)

OWN_FIELDS = (
    OwnFields(
        "ticket",
        stream="issues",
        record_id="id",
        version="fields.updated",
        at="fields",
        reserved={"tags": "fields.labels"},
        reshape=plain,
    ),
)
