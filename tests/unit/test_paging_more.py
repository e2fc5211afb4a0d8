"""Paging shapes, credentials and exports of the later vendors: no network."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests_support import PageView

from tasks.errors import ContractError
from tasks.rest import paging
from tasks.rest.auth import Basic, SignIn, TokenHeader
from tasks.rest.exports import _rows, _unpacked
from tasks.rest.spec import Request, RequestState

NEXT = {"link": '<http://x/?page=2>; rel="next"'}


def test_a_cursor_goes_into_the_body_at_any_depth():
    shape = paging.BodyCursor(at="next", into=("pagination", "after"), ends="last")
    start = Request("/s", method="POST", body={"query": 1, "pagination": {"per_page": 9}})
    assert shape.after(start, PageView(values={"next": "c"})).body == {
        "query": 1,
        "pagination": {"per_page": 9, "after": "c"},
    }
    assert start.body == {"query": 1, "pagination": {"per_page": 9}}
    assert shape.after(start, PageView(values={"next": "c", "last": True})) is None
    assert shape.after(start, PageView()) is None


def test_numbered_pages_follow_the_link_header_and_restart_at_the_cap():
    shape = paging.PageNumber(
        size={"per_page": "2"},
        cap=2,
        restart=paging.Restart("at", lambda params, last: {"since": last}),
    )
    first = shape.first(Request("/t", {"since": "1"}))
    second = shape.after(first, PageView(headers=NEXT))
    assert (first.params["page"], second.params["page"]) == ("1", "2")
    following = PageView(headers=NEXT, firsts={"at": "3"}, lasts={"at": "7"})
    for before in (first, second):  # a number would skip what moves up
        assert shape.after(before, following).params == {
            "since": "7",
            "per_page": "2",
            "page": "1",
        }
    assert shape.after(first, PageView(headers={})) is None
    with pytest.raises(ContractError, match="share the instant"):
        shape.after(second, PageView(headers=NEXT, firsts={"at": "1"}, lasts={"at": "1"}))


def test_a_list_with_a_lower_bound_only_ends_after_the_window():
    shape = paging.PageNumber(
        size={"per_page": "2"},
        cap=9,
        restart=paging.Restart("at", lambda params, last: {"since": last}),
    )
    first = shape.first(Request("/t", {"since": "1"}, state=RequestState(until="5")))
    one_instant = PageView(headers=NEXT, firsts={"at": "5"}, lasts={"at": "5"})
    assert shape.after(first, one_instant).params["page"] == "2"
    assert shape.after(first, PageView(headers=NEXT, lasts={"at": "6"})) is None


def test_numbered_pages_can_be_counted_in_the_body():
    shape = paging.PageNumber(size={"page_size": "2"}, pages="page_count")
    first = shape.first(Request("/t"))
    assert shape.after(first, PageView(values={"page_count": 2})).params["page"] == "2"
    assert shape.after(first, PageView(values={"page_count": 1})) is None


def test_offsets_end_at_a_short_page_a_flag_or_a_total():
    plain = paging.Offset("from", "limit", 10)
    first = plain.first(Request("/t"))
    assert plain.after(first, PageView(count=10)).params["from"] == "10"
    assert plain.after(first, PageView(count=9)) is None
    flagged = paging.Offset("start", "limit", 10, ends="isLast")
    assert (
        flagged.after(
            flagged.first(Request("/t")), PageView(count=3, values={"isLast": False})
        ).params["start"]
        == "10"
    )
    assert (
        flagged.after(flagged.first(Request("/t")), PageView(count=10, values={"isLast": True}))
        is None
    )
    counted = paging.Offset("startAt", "max", 10, total="total")
    assert (
        counted.after(counted.first(Request("/t")), PageView(count=10, values={"total": 10}))
        is None
    )
    newest = paging.Offset("from", "limit", 2, newest_first="at")
    assert (
        newest.after(
            newest.first(Request("/t", state=RequestState(since="5"))),
            PageView(count=2, lasts={"at": "4"}),
        )
        is None
    )
    assert (
        newest.after(
            newest.first(Request("/t", state=RequestState(since="5"))),
            PageView(count=2, lasts={"at": "6"}),
        ).params["from"]
        == "2"
    )


@given(
    times=st.lists(st.integers(0, 30), min_size=1, max_size=60, unique=True),
    size=st.integers(1, 7),
    reach=st.integers(1, 4),
)
def test_every_record_comes_through_a_list_with_capped_offsets(times, size, reach):
    """A list sorted by time that refuses offsets from `reach` pages on; all times differ."""
    cap = size * (reach + 1)
    shape = paging.Offset(
        "from",
        "limit",
        size,
        cap=cap,
        restart=paging.Restart("at", lambda params, last: {"range": last}),
    )
    rows, seen, request = sorted(times), set(), shape.first(Request("/t", {"range": "-1"}))
    for _ in range(500):
        offset = int(request.params["from"])
        assert offset < cap
        page = [t for t in rows if t >= int(request.params["range"])][offset : offset + size]
        seen.update(page)
        request = shape.after(
            request, PageView(count=len(page), lasts={"at": page[-1]} if page else {})
        )
        if request is None:
            break
    assert seen == set(rows)


def test_newest_first_goes_on_before_the_last_token():
    shape = paging.BeforeLast("token", "before", "page_size", 3)
    first = shape.first(Request("/r", {"since": "s"}))
    assert shape.after(first, PageView(count=3, lasts={"token": "t3"})).params == {
        "since": "s",
        "page_size": "3",
        "before": "t3",
    }
    assert shape.after(first, PageView(count=2, lasts={"token": "t2"})) is None


def test_a_scroll_ends_at_an_empty_page_and_its_calls_differ():
    shape = paging.Scroll("scroll", "scroll_param")
    second = shape.after(Request("/c"), PageView(values={"scroll": "s"}))
    third = shape.after(second, PageView(values={"scroll": "s"}))
    assert second.params["scroll_param"] == third.params["scroll_param"] == "s"
    assert second != third
    assert shape.after(third, PageView(count=0, values={"scroll": "s"})) is None


def test_each_day_over_a_month_and_a_leap_day():
    shape, request, days = (
        paging.EachDay("day"),
        Request("/d", {"day": "2028-02-27"}, state=RequestState(until="2028-03-01")),
        [],
    )
    while request:
        days.append(request.params["day"])
        request = shape.after(request, PageView())
    assert days == ["2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01"]


def test_a_key_set_in_a_body_takes_the_first_of_lists():
    shape = paging.BodyKeyset(
        ("t.values", "id.values"), 2, lambda body, time, key: {**body, "above": [time, key]}
    )
    assert shape.after(
        Request("/q", body={"n": 2}),
        PageView(count=2, lasts={"t.values": ["5"], "id.values": ["b"]}),
    ).body == {"n": 2, "above": ["5", "b"]}
    assert shape.after(Request("/q", body={"n": 2}), PageView(count=1)) is None


def test_credentials_in_headers_of_their_own():
    signed = TokenHeader("token", "X-API-TOKEN").bind(SignIn({"token": "t"}, {}.get))
    assert signed.headers() == {"X-API-TOKEN": "t"}
    signed = Basic("{api_key}", "api_key", other="X").bind(SignIn({"api_key": "k"}, {}.get))
    assert signed.headers()["Authorization"] == "Basic azpY"


def test_exported_rows_nest_dotted_headers_and_keep_line_breaks():
    body = b'"Id","Owner.Name","Text"\n"1","Ana","two\nlines\x00"\n"2","",""\n'
    assert _rows(body) == [
        {"Id": "1", "Owner": {"Name": "Ana"}, "Text": "two\nlines"},
        {"Id": "2", "Owner": {"Name": None}, "Text": None},
    ]


def test_a_zip_is_read_under_any_file_name():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../../etc/passwd", b"{}")
    assert _unpacked(packed.getvalue(), 10, "x") == b"{}"


@pytest.mark.parametrize(
    ("shape", "flags"),
    [
        (paging.NextUrl(at="next", ends="done"), {"done": False}),
        (paging.LinkWithQuery(at="next", ends="done"), {"done": False}),
        (paging.CursorParam(at="next", param="c", more="more"), {"more": True}),
        (paging.CursorParam(at="next", param="c", ends="end"), {"end": False}),
        (paging.BodyCursor(at="next", into=("after",), ends="end"), {"end": False}),
    ],
)
def test_a_page_that_says_more_and_names_no_next_is_not_the_end(shape, flags):
    """Salesforce's `done: false` without an address was read as the end of the list."""
    with pytest.raises(ContractError, match="another follows"):
        shape.after(Request("/t", body={}), PageView(values=flags))
    turned = {name: not flag for name, flag in flags.items()}
    assert shape.after(Request("/t", body={}), PageView(values=turned)) is None
    assert shape.after(Request("/t", body={}), PageView()) is None


class TestAListThatContradictsItsOwnTotal:
    """It was taken for the end of the list, without a word."""

    offset = paging.Offset("at", "size", 2, total="total")
    flagged = paging.Offset("at", "size", 2, ends="last")
    numbered = paging.PageNumber(size={"size": "2"}, pages="pages", total="total")
    linked = paging.LinkWithQuery(at="next", total="total")
    keyset = paging.BodyKeyset(("t", "id"), 2, lambda body, t, key: body, total="left")

    @pytest.mark.parametrize(
        ("shape", "page"),
        [
            (offset, PageView(count=0, received=0, values={"total": 10})),
            (offset, PageView(count=1, received=1, values={"total": 2})),
            (numbered, PageView(count=1, received=1, values={"pages": 1, "total": 3})),
            (linked, PageView(count=1, received=1, values={"total": 3})),
            (keyset, PageView(count=0, values={"left": 4})),
            (flagged, PageView(count=0, values={"last": False})),
        ],
        ids=["offset", "short offset", "numbered", "linked", "keyset", "flag"],
    )
    def test_fails_by_name(self, shape, page: PageView):
        with pytest.raises(ContractError, match=r"counts|says by"):
            shape.after(shape.first(Request("/t")), page)

    @pytest.mark.parametrize("received", [2, 3, None], ids=repr)
    def test_ends_where_all_came(self, received: int | None):
        for shape, values in (
            (self.offset, {"total": 2}),
            (self.numbered, {"pages": 1, "total": 2}),
            (self.linked, {"total": 2}),
        ):
            page = PageView(count=2, received=received, values=values)
            assert shape.after(shape.first(Request("/t")), page) is None

    def test_needs_the_value_after_which_the_next_page_begins(self):
        shape = paging.SearchAfterId("id", lambda body, key: {"above": key})
        with pytest.raises(ContractError, match="the last record has no id"):
            shape.after(Request("/s"), PageView(lasts={}))
