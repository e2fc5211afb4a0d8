"""Freshdesk: the fields that an account defines, tags, products, and what companies have besides.

A record's `custom_fields` name each field by the name of its definition. A dependent field has a
name of its own for each level. A product stands for the brand.
"""

from collections.abc import Callable, Iterator, Mapping

from tasks.connectors.freshdesk.api import full
from tasks.entities import FIELD, FIELD_OPTION
from tasks.rest.fields import OwnFields
from tasks.rest.spec import Json, Output, Record, RecordContext, Row
from tasks.rest.values import AsText

KINDS = {
    "custom_number": "number",
    "custom_decimal": "number",
    "custom_date": "date",
    "custom_checkbox": "flag",
    "custom_dropdown": "one",
    "nested_field": "one",
}
# Fields that every account has; records carry them next to their own.
STANDARD = {
    "company": {
        "health_score": "one",
        "account_tier": "one",
        "industry": "one",
        "renewal_date": "date",
    }
}
OPTIONS_OF = {"product": "brand", "language": "language"}  # reserved ones, by the vendor's name


def kind_of(field: Record) -> str:
    """The kind of a field that the account defined."""
    kind = str(field.get("type"))
    return KINDS.get(kind, "many" if "multi" in kind else "text")


def definitions(record_type: str, standard: Mapping[str, str]) -> Callable[..., Iterator[Row]]:
    """The fields in a list of definitions; each level of a dependent field is one."""

    def fields(field: Record, context: RecordContext) -> Iterator[Row]:
        name = str(field.get("name"))
        if field.get("default") is not False and name not in standard:
            return
        levels = field.get("nested_ticket_fields") or ()
        for one in (field, *levels):
            yield {
                "record_type": record_type,
                "field_id": one["name"],
                "label": one.get("label"),
                "kind": standard.get(name) or kind_of(field),
                "is_active": True,
                "version_at": field.get("updated_at"),
            }

    return fields


def options(record_type: str, standard: Mapping[str, str]) -> Callable[..., Iterator[Row]]:
    """The values of closed lists, in their order; those of each level of a dependent field."""

    def values(field: Record, context: RecordContext) -> Iterator[Row]:
        name = str(field.get("name"))
        is_read = field.get("default") is False or name in standard or name in OPTIONS_OF
        choices = field.get("choices") or () if is_read else ()
        levels = [field, *(field.get("nested_ticket_fields") or ())]
        for level, one in zip(by_level(choices, len(levels)), levels, strict=False):
            for place, (value, label) in enumerate(level.items()):
                yield {
                    "record_type": record_type,
                    "field_id": OPTIONS_OF.get(name, one["name"]),
                    "value": value,
                    "label": label,
                    "position": place,
                    "is_active": True,
                    "version_at": field.get("updated_at"),
                }

    return values


def by_level(choices: Json, levels: int) -> Iterator[dict[str, str]]:
    """The values and labels of each level of a list of choices."""
    if levels == 1:
        yield dict(map(choice, choices.items() if isinstance(choices, Mapping) else choices))
        return
    inner: list[Json] = [choices]
    for _ in range(levels):
        yield {str(value): str(value) for one in inner for value in one}
        inner = [below for one in inner if isinstance(one, Mapping) for below in one.values()]


def choice(one: Json) -> tuple[str, str]:
    """Value and label of a choice.

    A list has texts or objects. A map has the label by which a record's number is called, or the
    label of a record's text.
    """
    if isinstance(one, tuple):
        key, inside = one
        return (str(inside), str(key)) if isinstance(inside, int) else (str(key), str(inside))
    if isinstance(one, Mapping):
        value = str(one.get("value"))
        return value, str(one.get("label") or value)
    return str(one), str(one)


def of(record_type: str, kind: str) -> tuple[Output, ...]:
    """Definitions and options of a record type."""
    standard = STANDARD.get(kind, {})
    return (
        Output(FIELD, transform=definitions(record_type, standard)),
        Output(FIELD_OPTION, transform=options(record_type, standard)),
    )


OF_TICKETS = of("ticket", "ticket")

STREAMS = tuple(
    full(
        f"{kind}_fields",
        f"Fields of {record_type}s and their values",
        *of(record_type, kind),
        replaces=True,
        optional=True,
    )
    for record_type, kind in (("customer", "contact"), ("organization", "company"))
)

OWN_FIELDS = (
    OwnFields(
        "ticket",
        stream="tickets",
        record_id="id",
        version="updated_at",
        at="custom_fields",
        reserved={"tags": "tags", "brand": "product_id"},
    ),
    OwnFields(
        "customer",
        stream="contacts",
        record_id="id",
        version="updated_at",
        at="custom_fields",
        reserved={"language": "language"},
    ),
    OwnFields(
        "organization",
        stream="companies",
        record_id="id",
        version="updated_at",
        at="custom_fields",
        standard={name: AsText(name) for name in STANDARD["company"]},
    ),
)
