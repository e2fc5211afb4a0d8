"""The account's own fields: what the settings may say, what a text means, how values are read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.entities import TICKET
from tasks.errors import ConfigurationError
from tasks.rest.fields import (
    Chosen,
    Definition,
    Found,
    OwnFields,
    find_field,
    in_param,
    with_fields,
)
from tasks.rest.paging import SinglePage
from tasks.rest.sections import decode, page_reader
from tasks.rest.spec import MAIN, Output, Stream
from tasks.rest.typed import PageReader
from tasks.rest.values import AsText, Item, Present, sql
from tasks.settings import AccountSettings, load
from tasks.translation.columns import RecordBuffer, translate

RECEIVED = datetime(2026, 3, 1, tzinfo=UTC)
TICKETS = Stream(
    name="tickets",
    description="Tickets",
    path="/tickets",
    records="tickets",
    paging=SinglePage(),
    params={"properties": "subject"},
    outputs=(Output(TICKET, {"ticket_id": "id", "status": "status", "created_at": "at"}),),
)
DEFINED = (
    Definition("ticket", "34", "Contact reason", "one", True),
    Definition("ticket", "35", "Product", "many", True),
    Definition("ticket", "36", "Product", "text", True),
    Definition("ticket", "37", "Weight", "number", False),
    Definition("ticket", "38", "Colour", "one", False),
    Definition("ticket", "39", "Colour", "one", True),
    Definition("customer", "34", "Segment", "one", True),
)


def rows(own: OwnFields, ids: list[str], *records: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Ticket, field and value of every row."""
    (stream,) = with_fields((TICKETS,), (own,), [Chosen(own.record_type, one) for one in ids])
    page = decode(stream, MAIN, json.dumps({"tickets": records}).encode())
    buffer = RecordBuffer()
    buffer.add(page.records, 1, None, RECEIVED)
    made = []
    for output in stream.outputs[1:]:
        result = translate(stream, output, page_reader(stream, MAIN), buffer, personal=False)
        assert not result.refused.num_rows
        made += [tuple(row.values())[:3] for row in result.table.to_pylist()]
    return made


def test_an_object_of_key_to_value():
    own = OwnFields("ticket", "tickets", "id", at="custom", reserved={"tags": "labels"})
    keys = ["cf.a", "it's {odd}?", "tags"]
    first = {"id": 1, "labels": ["x", "y"], "custom": {"cf.a": 7.0, "it's {odd}?": "no"}}
    second = {"id": 2, "labels": [], "custom": {"cf.a": False}}
    third = {"id": 3, "custom": None}
    assert sorted(rows(own, keys, first, second, third), key=str) == sorted(
        [
            ("1", "cf.a", "7"),
            ("1", "it's {odd}?", "no"),
            ("1", "tags", '["x","y"]'),
            ("2", "cf.a", "false"),
            ("2", "it's {odd}?", None),
            ("2", "tags", None),
            ("3", "cf.a", None),
            ("3", "it's {odd}?", None),
            ("3", "tags", None),
        ],
        key=str,
    )


def test_a_list_of_items_has_the_fields_that_it_names():
    """A field that the vendor switched off is not in the list, and keeps its value."""
    own = OwnFields("ticket", "tickets", "id", at="custom_fields", item_id="id")
    listed = [{"id": 34, "value": ["a", 1]}, {"id": 35, "value": ""}, {"id": 9, "value": "other"}]
    found = rows(own, ["34", "35", "36"], {"id": 1, "custom_fields": listed}, {"id": 2})
    assert found == [("1", "34", '["a","1"]'), ("1", "35", None)]


def test_columns_of_the_record_and_objects_as_values():
    def label(value: Any) -> Any:
        return value["name"] if isinstance(value, dict) else value

    own = OwnFields("ticket", "tickets", "id", at="", reshape=label, empty_if=sql("{gone}"))
    first = {"id": 1, "u_area": {"name": "Billing", "link": "x"}, "u_n": 0}
    gone = {"id": 2, "gone": True, "u_area": {"name": "Billing"}, "u_n": 0}
    assert rows(own, ["u_area", "u_n"], first, gone) == [
        ("1", "u_area", "Billing"),
        ("1", "u_n", "0"),
        ("2", "u_area", None),
        ("2", "u_n", None),
    ]


def test_nothing_chosen_changes_no_stream_and_fields_are_asked_for_by_name():
    own = OwnFields("ticket", "tickets", "id", at="properties", ask=in_param("properties"))
    assert with_fields((TICKETS,), (own,), ()) == (TICKETS,)
    (asking,) = with_fields((TICKETS,), (own,), [Chosen("ticket", "area"), Chosen("ticket", "x")])
    assert asking.params == {"properties": "subject,area,x"}
    (other,) = with_fields((TICKETS,), (own,), [Chosen("customer", "area")])
    assert other is TICKETS


def test_the_history_of_a_field_is_read_where_the_vendor_has_it():
    def changes(chosen: Chosen) -> Output:
        return Output(
            TICKET, {"ticket_id": "id", "status": sql(f"'{chosen.field_id}'"), "created_at": "at"}
        )

    own = OwnFields("ticket", "tickets", "id", at="c", changes=changes, changes_in="tickets")
    (stream,) = with_fields((TICKETS,), (own,), [Chosen("ticket", "a"), Chosen("ticket", "b")])
    assert [output.fields.get("status") for output in stream.outputs[2:]] == [
        sql("'a'"),
        sql("'b'"),
    ]


@pytest.mark.parametrize(
    ("wanted", "field_id", "kind"),
    [
        ("34", "34", "one"),
        ("contact REASON", "34", "one"),
        ("Colour", "39", "one"),
        ("tags", "tags", "many"),
    ],
)
def test_a_text_means_a_field_by_id_or_by_its_one_label(wanted, field_id, kind):
    assert find_field(wanted, "ticket", {"tags"}, DEFINED) == Found(field_id, kind)


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("Product", "several fields have this name; write one of the ids 35, 36"),
        ("Contact raeson", "did you mean Contact reason (34)?"),
        ("Segment", "no field of the ticket list has this id or name"),
        ("Weight", "the vendor has switched it off or deleted it"),
        ("tagz", "did you mean tags?"),
    ],
)
def test_a_text_that_means_no_field_or_several_is_not_read(wanted, problem):
    found = find_field(wanted, "ticket", {"tags"}, DEFINED)
    assert not found.is_read
    assert problem in found.problem


def test_without_a_list_the_text_is_the_id_and_that_is_said():
    found = find_field("Product", "organization", (), DEFINED)
    assert (found.field_id, found.is_read) == ("Product", True)
    assert "list of fields is not read" in found.problem


def test_nothing_is_present_in_an_object_that_is_not_there():
    """A change of another field would count as a change of this one."""
    reader = PageReader(records="rows", values=[Present("fields.34")])
    bodies = ('{"fields": {"34": null}}', '{"fields": {}}', '{"fields": null}', '{"other": 1}')
    page = reader.decode(f'{{"rows": [{", ".join(bodies)}]}}'.encode())
    assert reader.column(page.records, Present("fields.34")) == [True, False, False, False]


def test_a_declaration_that_cannot_work_says_so():
    with pytest.raises(ConfigurationError, match="labels is not reserved; there are tags"):
        OwnFields("ticket", "tickets", "id", reserved={"labels": "tags"})
    with pytest.raises(ConfigurationError, match="belong together"):
        OwnFields("ticket", "tickets", "id", changes_in="tickets")
    with pytest.raises(ConfigurationError, match="say which value"):
        AsText()
    assert AsText(Item("value")).of([None, "", "a"]) == '["a"]'


def account(**fields: Any) -> AccountSettings:
    given = {"connector": "zendesk", "name": "acme", "fields": fields}
    return load(accounts=[given]).accounts[0]


def test_settings_name_fields_and_their_values():
    product = {"field": "Product area", "values": {"pa_bill": "Billing"}, "slice": True}
    own = account(reason=360012345678, plan={"field": "plan", "of": "organization"}, area=product)
    assert own.fields["reason"].field == "360012345678"
    assert own.fields["plan"].of == "organization"
    assert own.mappings["field:area"] == {"pa_bill": "Billing"}
    assert own.mappings["field:reason"] == {}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"a": {"field": "x", "of": "organisation"}}, "did you mean 'organization'"),
        ({"a": {"field": "x", "vlaues": {}}}, "did you mean values?"),
        ({"a": "x", "b": "X"}, "a and b are the same field of the ticket, 'X'"),
        ({"Product area": "x"}, "use lower case letters, digits and underscore"),
        ({"a": {"field": "x", "values": {"A": "1", "a": "2"}}}, "the case of letters"),
        ({"a": ""}, "at least 1 character"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(fields, problem):
    with pytest.raises(ConfigurationError, match=r"accounts\.0\.fields") as refused:
        account(**fields)
    assert problem in str(refused.value)
