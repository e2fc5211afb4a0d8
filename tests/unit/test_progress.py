"""A list that never ends: pages come again under ever new cursors. No network."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace

import msgspec
import pytest

from tasks.clock import Window
from tasks.errors import RepeatedPageError
from tasks.rest.client import Response
from tasks.rest.paging import CursorParam
from tasks.rest.reading import Reading
from tasks.rest.received import Bookmark
from tasks.rest.spec import ChildStream, ParentStream, Request, Stream

AT = datetime(2026, 11, 1, tzinfo=UTC)
STREAM = Stream(
    name="things",
    description="",
    path="/things",
    records="things",
    paging=CursorParam(at="next", param="cursor"),
    outputs=(),
)


@pytest.mark.parametrize(
    ("pages", "most"), [([[1, 2]], 30), ([[1], [2], [3]], 30), ([[]], 5002)], ids=repr
)
def test_pages_that_bring_nothing_new_end_by_name(pages: list[list[int]], most: int):
    """A page repeated under new cursors was read 12,051 times and never stopped."""
    numbers = count()

    def send(request, *, accept, **given):
        number = next(numbers)
        things = [{"id": key} for key in pages[number % len(pages)]]
        body = msgspec.json.encode({"things": things, "next": f"c{number}"})
        return Response({}, body), accept(body)

    account = SimpleNamespace(name="acme", settings={})
    client = SimpleNamespace(
        require=lambda: None,
        account=account,
        send=send,
        pace_for=lambda *given: None,
        page_sizes={},
    )
    reading = Reading(client, STREAM, Window(AT, AT), Bookmark())
    with pytest.raises(RepeatedPageError, match="brought nothing new"):
        for _ in reading.pages():
            pass
    assert next(numbers) <= most


CHILD = replace(
    STREAM,
    child_streams=(
        ChildStream(
            "parts",
            lambda keys: Request(f"/things/{keys[0]}/parts"),
            key="id",
            records="parts",
            paging=CursorParam(at="next", param="cursor"),
        ),
    ),
)
PARENT = replace(
    STREAM,
    path="/lists/{key}/things",
    parent=ParentStream(
        Request("/lists"),
        records="lists",
        partition_key="id",
        partition_cursor="id",
        parent_document=lambda key: Request(f"/lists/{key}"),
        paging=CursorParam(at="next", param="cursor"),
    ),
)


@pytest.mark.parametrize(
    ("stream", "named"),
    [(CHILD, "acme/things: parts of 1"), (PARENT, "acme/things: the list of its partitions")],
    ids=["child", "parent"],
)
@pytest.mark.parametrize("keys", [(7, 8), (7,), ()], ids=repr)
def test_an_inner_list_that_never_ends_is_stopped_by_name(
    stream: Stream, named: str, keys: tuple[int, ...]
):
    numbers = count()

    def send(request, *, accept, **given):
        number = next(numbers)
        inner = [{"id": keys[number % len(keys)]}] if keys else []
        content = {"things": [{"id": 1}], "parts": inner, "lists": inner, "next": f"c{number}"}
        body = msgspec.json.encode(content)
        return Response({}, body), accept(body)

    account = SimpleNamespace(name="acme", settings={})
    client = SimpleNamespace(
        require=lambda: None,
        account=account,
        send=send,
        pace_for=lambda *given: None,
        page_sizes={},
    )
    with pytest.raises(RepeatedPageError, match=named):
        for _ in Reading(client, stream, Window(AT, AT), Bookmark()).pages():
            pass
    assert next(numbers) <= 5003


def test_an_inner_list_of_ever_new_records_is_bounded(monkeypatch):
    monkeypatch.setattr("tasks.rest.progress._LONGEST_INNER", 50)
    numbers = count()

    def send(request, *, accept, **given):
        number = next(numbers)
        content = {"things": [{"id": 1}], "parts": [{"id": number}], "next": f"c{number}"}
        body = msgspec.json.encode(content)
        return Response({}, body), accept(body)

    account = SimpleNamespace(name="acme", settings={})
    client = SimpleNamespace(
        require=lambda: None,
        account=account,
        send=send,
        pace_for=lambda *given: None,
        page_sizes={},
    )
    with pytest.raises(RepeatedPageError, match="parts of 1: more than 50 pages"):
        for _ in Reading(client, CHILD, Window(AT, AT), Bookmark()).pages():
            pass
