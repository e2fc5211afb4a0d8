"""Paging objects, the typed reader, the pace, and how the client waits: no network."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests_support import PageView

from tasks.entities import TEAM, TICKET
from tasks.errors import ConfigurationError, ContractError, TruncatedPageError
from tasks.rest import paging
from tasks.rest.limits import RateLimiter, retry_after
from tasks.rest.refusals import message_of, names_missing_feature
from tasks.rest.spec import Output, Request, Stream
from tasks.rest.typed import PageReader
from tasks.rest.values import Header, Item, Path, Present, sql

START = Request("/things", {"a": "1"})


def test_a_linked_page_ends_at_the_flag_even_with_a_link():
    shape = paging.NextUrl(at="next_page", ends="end_of_stream")
    assert shape.after(START, PageView(values={"next_page": "http://x/2"})).path == "http://x/2"
    assert (
        shape.after(START, PageView(values={"next_page": "http://x/2", "end_of_stream": True}))
        is None
    )


def test_a_cursor_can_stand_alone():
    shape = paging.CursorParam(
        at="c", param="cursor", size={"per_page": "9"}, ends="end", alone=True, keeps=("per_page",)
    )
    first = shape.first(Request("/t", {"start_time": "1"}))
    assert shape.after(first, PageView(values={"c": "abc"})).params == {
        "per_page": "9",
        "cursor": "abc",
    }
    assert shape.after(first, PageView(values={"c": "abc", "end": True})) is None


def test_a_short_or_empty_page_is_not_the_end_of_a_keyset():
    shape = paging.Keyset(
        "t", "id", "q", "offset", "limit", 100, lambda query, time, key: f"{query}>{time}/{key}"
    )
    more = {"link": '<http://x>;rel="next",<http://x>;rel="first"'}
    first = shape.first(Request("/t", {"q": "all"}))
    assert (
        shape.after(first, PageView(count=3, lasts={"t": "T", "id": "I"}, headers=more)).params["q"]
        == "all>T/I"
    )
    stepped = shape.after(first, PageView(count=0, headers=more))
    assert (stepped.params["offset"], stepped.params["q"]) == ("100", "all")
    assert shape.after(first, PageView(count=100, lasts={"t": "T", "id": "I"})) is None
    assert shape.adaptive.halved(first).params["limit"] == "50"
    assert shape.adaptive.halved(Request("/t", {"limit": "60"})) is None


def test_a_smaller_page_is_asked_for_in_a_linked_address_too():
    size = paging.PageSize("per_page", 1000, least=100)
    linked = Request("https://x.example/t.json?start_time=5&per_page=1000&include=a%2Cb")
    half = size.halved(linked)
    assert half.path == "https://x.example/t.json?start_time=5&per_page=500&include=a%2Cb"
    assert (size.of(half), size.of(Request("/t")), size.of(Request("http://[::1"))) == (
        500,
        1000,
        1000,
    )
    assert size.limited(half, 800) is half
    assert size.limited(Request("https://x.example/t.json?start_time=5"), 250).params == {
        "per_page": "250"
    }


def test_a_search_goes_on_above_the_last_id_until_a_page_is_empty():
    shape = paging.SearchAfterId("id", lambda body, last: {**body, "above": last})
    assert shape.after(Request("/s", body={"x": 1}), PageView(lasts={"id": 7})).body == {
        "x": 1,
        "above": "7",
    }
    assert shape.after(Request("/s", body={"x": 1}), PageView(count=0)) is None


def test_a_request_survives_the_landing_zone():
    request = Request("/s", {"a": "b"}, "POST", {"x": [1, None]})
    assert Request.from_json(msgspec.json.decode(msgspec.json.encode(request.as_json()))) == request


@pytest.mark.parametrize(
    "whole", [False, True], ids=["declared fields", "whole records, for a record function"]
)
def test_the_reader_decodes_what_is_declared_and_explodes_inner_lists(whole: bool):
    reader = PageReader(
        records="data.rows",
        values=[Path("id"), Path("via.channel")],
        envelope=["next"],
        lists={"parts.items": [Item("n"), Present(Item("gone"))]},
        whole=whole,
    )
    body = (
        b'{"data":{"rows":[{"id":1,"via":{"channel":"web","x":[1]},"parts":{"items":'
        b'[{"n":5,"gone":null},{"n":6}]}},{"id":"b","via":null}]},"next":"c"}'
    )
    page = reader.decode(body)
    assert reader.column(page.records, "id") == [1, "b"]
    assert reader.column(page.records, "via.channel") == ["web", None]
    owners, items = reader.explode(page.records, "parts.items")
    assert reader.column(owners, "id") == [1, 1]
    assert reader.item_column(items, "parts.items", Item("n")) == [5, 6]
    assert reader.item_column(items, "parts.items", Present(Item("gone"))) == [True, False]
    assert reader.value(page.document, "next") == "c"


def test_a_single_value_in_place_of_a_list_is_its_only_item():
    """The record is taken or rejected; read as an empty list, it would vanish silently."""
    reader = PageReader(
        records="rows", values=[Path("id")], lists={"parts": [Item("n")]}, whole=True
    )
    page = reader.decode(
        b'{"rows":[{"id":1,"parts":{"n":5}},{"id":2,"parts":"text"},{"id":3,"parts":null},{"id":4}]}'
    )
    owners, items = reader.explode(page.records, "parts")
    assert reader.column(owners, "id") == [1, 2]
    assert reader.item_column(items, "parts", Item("n")) == [5, None]


def test_one_bad_record_does_not_spoil_its_page():
    reader = PageReader(records="rows", values=[Path("a.b")])
    page = reader.decode(b'{"rows":[{"a":{"b":1}},{"a":"text"},{"a":{"b":2}}]}')
    assert reader.column(page.records, "a.b") == [1, 2]
    assert [s.raw for s in page.unreadable] == ['{"a":"text"}']


@pytest.mark.parametrize("body", [b"", b'{"rows":[{"a":1}', b"<html>log in</html>", b"\xff\xfe"])
def test_a_truncated_body_is_not_a_contract_error(body):
    with pytest.raises(TruncatedPageError):
        PageReader(records="rows", values=[Path("a")]).decode(body)


@pytest.mark.parametrize(
    "body", [b'{"other":1}', b'{"rows":null}', b'{"rows":3}', b"[1]", b'{"rows":[1,2]}']
)
def test_a_wrong_shape_is_a_contract_error(body):
    with pytest.raises(ContractError):
        PageReader(records="rows", values=[Path("a.b")]).decode(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(
    suppress_health_check=[HealthCheck.too_slow], deadline=None
)  # the first draw compiles the strategy
@given(st.lists(st.dictionaries(st.sampled_from(["id", "a"]), json_values, max_size=2), max_size=6))
def test_every_record_of_any_page_is_read_or_named(records):
    reader = PageReader(records="rows", values=[Path("id"), Path("a.b")])
    try:
        page = reader.decode(msgspec.json.encode({"rows": records}))
    except ContractError:
        assert all(isinstance(r.get("a"), (str, int, bool, list)) for r in records)
        return
    assert len(page.records) + len(page.unreadable) == len(records)


def test_a_stream_that_leaves_out_a_required_column_fails_when_declared():
    with pytest.raises(ConfigurationError, match="created_at, status"):
        Output(TICKET, fields={"ticket_id": "id"})
    with pytest.raises(ConfigurationError, match="has no column colour"):
        Output(TICKET, fields={"colour": "id"})


def test_the_pace_spaces_calls_evenly_after_a_burst():
    clock, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        clock[0] += seconds

    pace = RateLimiter(60, clock=lambda: clock[0], sleep=sleep)
    for _ in range(130):
        pace.wait()
    assert 115 <= clock[0] <= 130
    assert all(s <= 1.001 for s in slept)


def test_retry_after_is_seconds_or_a_date_or_nothing():
    assert retry_after({"retry-after": "7"}) == 7.0
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < retry_after({"retry-after": at}) <= 60
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None
    assert retry_after({"retry-after": "2, 4"}) == 4.0, "a gateway and the vendor each set one"
    assert 50 < retry_after({"retry-after": f"2, {at}"}) <= 60
    assert retry_after({"retry-after": f"{at}, 90"}) == 90.0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"error":{"title":"Forbidden","message":"You do not have access"}}',
            "You do not have access",
        ),
        (b'{"error":"RecordNotFound","description":"Not found"}', "Not found"),
        (b'{"status":1,"errmsg":"Client revoked access grant"}', "Client revoked access grant"),
        (
            b'{"description":"Validation failed","errors":[{"field":"since","message":"Odd"}]}',
            "Validation failed: since: Odd",
        ),
        (b'{"errorMessages":[],"errors":{"jql":"Too long"}}', "jql: Too long"),
        (b'{"type":"error.list","errors":[{"code":"x","message":"No","field":"f"}]}', "f: No"),
        (
            b'{"error":{"message":"Operation Failed","detail":"ACL restricts the record"}}',
            "Operation Failed: ACL restricts the record",
        ),
        (
            b'{"description":"Wrong","details":{"email":[{"description":"is taken"}]}}',
            "Wrong: email: is taken",
        ),
    ],
)
def test_the_vendors_words_are_found_in_every_dialect(body, words):
    assert message_of(body) == words


@pytest.mark.parametrize(
    ("body", "is_missing"),
    [
        (
            b'[{"errorCode":"INVALID_TYPE","message":"sObject type Contract is not supported"}]',
            True,
        ),
        (b'{"error":{"message":"Invalid table sys_choice"}}', True),
        (b'{"message":"Satisfaction is not enabled for this account"}', True),
        (
            b'{"error":{"title":"Invalid attribute","message":"page[size] must be at most 50"}}',
            False,
        ),
        (b'[{"errorCode":"INVALID_FIELD","message":"No such column"}]', False),
        (b"", False),
    ],
)
def test_a_missing_feature_and_a_malformed_request_are_distinguished(body, is_missing):
    assert names_missing_feature(body) is is_missing


@pytest.mark.parametrize(
    ("declare", "advice"),
    [
        (lambda: Path("x?"), r"Present\(\.\.\.\)"),
        (lambda: Path("list[]"), "without brackets"),
        (lambda: sql("{@partition}"), r"Partition\(\)"),
        (lambda: Path("a..b"), "empty name"),
        (lambda: Present(Item()), "always present"),
        (lambda: sql("{a}", b=Item("b")), r"has no \{b\}"),
        (lambda: Header("X-Total"), "lower case"),
        (lambda: Output(TEAM, fields=_TEAM | {"name": Item("n")}), "needs `each`"),
        (lambda: Output(TEAM, fields=_TEAM, each="list[]"), "without brackets"),
        (lambda: Output(TEAM, fields=_TEAM, transform=lambda record, context: ()), "whole rows"),
        (lambda: _stream(outputs=(Output(TEAM, fields=_TEAM, section="x"),)), "there are main"),
    ],
)
def test_a_declaration_that_cannot_work_fails_with_advice(declare, advice):
    with pytest.raises(ConfigurationError, match=advice):
        declare()


_TEAM = {"team_id": "id", "name": "name"}


def _stream(**given):
    return Stream(
        name="s", description="", path="/s", records="s", paging=paging.SinglePage(), **given
    )


def test_a_name_in_an_expression_is_a_path_or_what_it_was_given_for():
    expression = sql("{kind} = {via.channel} or {there}", kind=Item("k"), there=Present("x"))
    assert list(expression.placeholders.values()) == [
        Item("k"),
        Path("via.channel"),
        Present("x"),
    ]
    columns = {value: f'"{value}"' for value in expression.placeholders.values()}
    assert expression.render(columns) == '"item.k" = "via.channel" or "x is present"'
