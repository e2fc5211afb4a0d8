"""HubSpot: the properties of tickets, contacts and companies, the account's own and HubSpot's.

Every property is text, and comes only if it is asked for by name; its versions come with it. Where
several options can be chosen, they are joined by semicolons. Brands are in
`hs_all_assigned_business_unit_ids`, the reason in `hs_ticket_category`, the language in
`hs_ticket_language_ai_tag`: properties like others.
"""

from collections.abc import Sequence
from dataclasses import replace

from tasks.connectors.hubspot.api import changed
from tasks.connectors.hubspot.people import COMPANY_PROPERTIES, CONTACT_PROPERTIES
from tasks.connectors.hubspot.tickets import details
from tasks.entities import FIELD, FIELD_OPTION, TICKET_FIELD_EVENT
from tasks.rest.fields import AskForFields, Chosen, OwnFields, literal
from tasks.rest.paging import SinglePage
from tasks.rest.spec import FullRefresh, Json, Output, Stream
from tasks.rest.values import AsText, Item, ItemPosition, Source, sql

KIND = sql(
    """
    case
        when {type} = 'bool' then 'flag'
        when {type} = 'enumeration' and {fieldType} = 'checkbox' then 'many'
        when {type} = 'enumeration' then 'one'
        when {type} = 'number' then 'number'
        when {type} in ('date', 'datetime') then 'date'
        else 'text'
    end"""
)
IS_LISTED = sql("not coalesce(cast({hidden} as boolean), false)")


def properties(record_type: str, name: str) -> Stream:
    """The list of an object's properties, with the options of each."""
    of_record: dict[str, Source] = {"record_type": sql(f"'{record_type}'"), "field_id": "name"}
    return Stream(
        name=f"{record_type}_properties",
        description=f"Properties of {name} and their options",
        path=f"/crm/v3/properties/{name}",
        records="results",
        paging=SinglePage(),
        sync=FullRefresh(),
        optional=True,
        outputs=(
            Output(
                FIELD,
                {
                    **of_record,
                    "label": "label",
                    "kind": KIND,
                    "is_active": sql("not coalesce(cast({archived} as boolean), false)"),
                    "version_at": "updatedAt",
                },
                filter=IS_LISTED,
            ),
            Output(
                FIELD_OPTION,
                {
                    **of_record,
                    "value": Item("value"),
                    "label": Item("label"),
                    "position": ItemPosition(),
                    "is_active": sql(
                        "not coalesce(cast({hidden_option} as boolean), false)",
                        hidden_option=Item("hidden"),
                    ),
                    "version_at": "updatedAt",
                },
                each="options",
                filter=IS_LISTED,
            ),
        ),
    )


STREAMS = (
    properties("ticket", "tickets"),
    properties("customer", "contacts"),
    properties("organization", "companies"),
)


def several(value: Json) -> Json:
    """The options of a property that takes several."""
    return [one for one in str(value).split(";") if one]


def ask_search(time_property: str, standard: tuple[str, ...]) -> AskForFields:
    """Ask for properties in a search."""

    def ask(stream: Stream, field_ids: Sequence[str]) -> Stream:
        wanted = tuple(dict.fromkeys((*standard, *field_ids)))
        return replace(stream, sync=changed(time_property, wanted))

    return ask


def ask_details(stream: Stream, field_ids: Sequence[str]) -> Stream:
    """Ask for properties where the details of tickets are read."""
    children = tuple(
        details(field_ids) if child.name == "details" else child for child in stream.child_streams
    )
    return replace(stream, child_streams=children)


BY_KIND = {"many": several}


def changes(chosen: Chosen) -> Output:
    """The versions of a property, newest first; each comes without the one before it."""
    at = Item("timestamp")
    return Output(
        TICKET_FIELD_EVENT,
        section="details",
        each=f"propertiesWithHistory.{chosen.field_id}",
        fields={
            "event_id": sql("cast({id} as varchar) || '-' || {at}", at=at),
            "field_id": sql(literal(chosen.field_id)),
            "ticket_id": "id",
            "to_value": AsText(Item("value"), reshape=BY_KIND.get(chosen.kind or "")),
            "changed_at": at,
            "actor_id": sql("'A-' || cast({user} as varchar)", user=Item("updatedByUserId")),
            "sequence": sql("epoch_ms(try_cast({at} as timestamptz))", at=at),
        },
    )


OWN_FIELDS = (
    OwnFields(
        "ticket",
        stream="tickets",
        section="details",
        record_id="id",
        version="properties.hs_lastmodifieddate",
        at="properties",
        by_kind=BY_KIND,
        ask=ask_details,
        changes=changes,
        changes_in="tickets",
    ),
    OwnFields(
        "customer",
        stream="contacts",
        record_id="id",
        version="updatedAt",
        at="properties",
        by_kind=BY_KIND,
        ask=ask_search("lastmodifieddate", CONTACT_PROPERTIES),
    ),
    OwnFields(
        "organization",
        stream="companies",
        record_id="id",
        version="updatedAt",
        at="properties",
        by_kind=BY_KIND,
        ask=ask_search("hs_lastmodifieddate", COMPANY_PROPERTIES),
    ),
)
