"""Intercom: attributes of conversations, contacts and companies; tags, brand and language.

A record's `custom_attributes` name an attribute by its name; the value of a list is a label. Brand
and language are attributes that Intercom fills itself. A part says when an attribute was changed.
Only ten tags of a contact come with it, so those are not read.
"""

from collections.abc import Mapping

from tasks.clock import from_epoch
from tasks.connectors.intercom.api import PARTS, full
from tasks.entities import FIELD, FIELD_OPTION, TICKET_FIELD_EVENT
from tasks.rest.fields import Chosen, OwnFields, literal
from tasks.rest.spec import Json, Output, Stream
from tasks.rest.values import (
    AsText,
    Expression,
    Item,
    ItemPosition,
    ListPosition,
    Source,
    epoch,
    sql,
)

COMPANY = ("plan.name", "size", "industry", "monthly_spend")  # attributes of every account
ALL = {"include_archived": "true"}
CHANGED = Item("event_details.attribute.name")
KIND = sql(
    """
    case
        when {type} = 'list' or {options} is not null or {place} = 'plan.name' then 'one'
        when {type} in ('integer', 'decimal', 'float') then 'number'
        when {type} = 'boolean' then 'flag'
        when {type} in ('date', 'datetime') then 'date'
        else 'text'
    end""",
    type="data_type",
    options="options",
    place="full_name",
)
IS_ACTIVE = sql("not coalesce(cast({archived} as boolean), false)")


def attributes(
    record_type: str, field_id: Source, label: str, option: Mapping[str, Source], own: Expression
) -> tuple[Output, ...]:
    """Attributes of a record type, archived ones too, and the values of those that are lists."""
    field: dict[str, Source] = {
        "record_type": sql(f"'{record_type}'"),
        "field_id": field_id,
        "version_at": epoch("updated_at"),
    }
    return (
        Output(FIELD, {**field, "label": label, "kind": KIND, "is_active": IS_ACTIVE}, filter=own),
        Output(
            FIELD_OPTION,
            {**field, **option, "position": ItemPosition()},
            each="options",
            filter=own,
        ),
    )


def of_people(record_type: str, model: str, standard: tuple[str, ...] = ()) -> Stream:
    """The attributes of contacts or companies; of those that all accounts have, some."""
    listed = ", ".join(f"'{name}'" for name in ("", *standard))
    outputs = attributes(
        record_type,
        sql("case when cast({custom} as boolean) then {name} else {full_name} end"),
        "label",
        {"value": Item(), "label": Item(), "is_active": sql("true")},
        sql(f"cast({{custom}} as boolean) or {{full_name}} in ({listed})"),
    )
    return full(
        f"{model}_attributes",
        f"Attributes of {record_type}s and their values",
        *outputs,
        path="data_attributes",
        params={"model": model, **ALL},
        records="data",
        replaces=True,
        optional=True,
    )


OF_CONVERSATIONS = attributes(
    "ticket",
    "name",
    "name",
    {
        "value": Item("label"),
        "label": Item("label"),
        "is_active": sql("not coalesce(cast({gone} as boolean), false)", gone=Item("archived")),
    },
    sql("{data_type} not in ('relationship', 'files')"),  # nothing to count by
)

STREAMS = (
    full(
        "conversation_attributes",
        "Attributes of conversations and their values",
        *OF_CONVERSATIONS,
        path="conversations/attributes",
        params=ALL,
        records="data",
        replaces=True,
        optional=True,
    ),
    of_people("customer", "contact"),
    of_people("organization", "company", COMPANY),
    full(
        "tags",
        "Tags, whose names may change",
        *(
            Output(
                FIELD_OPTION,
                {
                    "record_type": sql(f"'{record_type}'"),
                    "field_id": sql("'tags'"),
                    "value": "id",
                    "label": "name",
                    "position": ListPosition(),
                    "is_active": sql("true"),
                },
            )
            for record_type in ("ticket", "organization")
        ),
        records="data",
        replaces=True,
        optional=True,
    ),
)


def ids(tags: Json) -> Json:
    """The ids of tags."""
    return [tag.get("id") for tag in tags or ()]


def instant(value: Json) -> Json:
    """A date, written as text or in Unix seconds."""
    return from_epoch(value) if isinstance(value, int) else value


BY_KIND = {"date": instant}


def changes(chosen: Chosen) -> Output:
    """Parts that tell of a change of an attribute, by its name."""
    reshape = BY_KIND.get(chosen.kind or "")
    return Output(
        TICKET_FIELD_EVENT,
        section="conversation",
        each=PARTS,
        filter=sql(f"{{attribute}} = {literal(chosen.field_id)}", attribute=CHANGED),
        fields={
            "event_id": Item("id"),
            "field_id": CHANGED,
            "ticket_id": "id",
            "from_value": AsText(Item("event_details.value.previous"), reshape=reshape),
            "to_value": AsText(Item("event_details.value.name"), reshape=reshape),
            "changed_at": epoch(Item("created_at")),
            "actor_id": Item("author.id"),
            "sequence": Item("id"),
        },
    )


OWN_FIELDS = (
    OwnFields(
        "ticket",
        stream="conversations",
        section="conversation",
        record_id="id",
        version=epoch("updated_at"),
        at="custom_attributes",
        reserved={
            "tags": AsText("tags.tags", reshape=ids),
            "brand": AsText("custom_attributes", "Brand"),
            "language": AsText("custom_attributes", "Language"),
        },
        by_kind=BY_KIND,
        changes=changes,
        changes_in="conversations",
    ),
    OwnFields(
        "customer",
        stream="contacts",
        record_id="id",
        version=epoch("updated_at"),
        at="custom_attributes",
        reserved={"language": "language_override"},
        by_kind=BY_KIND,
    ),
    OwnFields(
        "organization",
        stream="companies",
        record_id="id",
        version=epoch("updated_at"),
        at="custom_attributes",
        reserved={"tags": AsText("tags.tags", reshape=ids)},
        standard={name: AsText(name) for name in COMPANY},
        by_kind=BY_KIND,
    ),
)
