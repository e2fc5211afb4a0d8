"""A list that never ends: pages come again under ever new cursors. One local server."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import msgspec
import pytest

from tasks.clock import Window
from tasks.connectors import connector
from tasks.errors import RepeatedPageError
from tasks.rest.client import Account, Client
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


class Vendor(ThreadingHTTPServer):
    """Answers what `content` makes of the number of the request."""

    content: Callable[[int], dict[str, object]]

    def __init__(self) -> None:
        self.numbers = count()
        super().__init__(("127.0.0.1", 0), Answer)

    def read(self, stream: Stream) -> None:
        """All pages of a stream."""
        values = {"access_token": "s"}
        address = f"http://127.0.0.1:{self.server_port}"
        client = Client(
            replace(connector("typeform"), preconditions=()),
            Account("acme", values, base_url=address, requests_per_minute=0),
        )
        try:
            for _ in Reading(client, stream, Window(AT, AT), Bookmark()).pages():
                pass
        finally:
            client.close()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Vendor

    def do_GET(self) -> None:
        number = next(self.server.numbers)
        body = msgspec.json.encode({**self.server.content(number), "next": f"c{number}"})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *given: object) -> None:
        """Nothing."""


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("pages", "most"), [([[1, 2]], 30), ([[1], [2], [3]], 30), ([[]], 5002)], ids=repr
)
def test_pages_that_bring_nothing_new_end_by_name(
    vendor: Vendor, pages: list[list[int]], most: int
):
    """A page repeated under new cursors was read 12,051 times and never stopped."""
    vendor.content = lambda number: {"things": [{"id": key} for key in pages[number % len(pages)]]}
    with pytest.raises(RepeatedPageError, match="brought nothing new"):
        vendor.read(STREAM)
    assert next(vendor.numbers) <= most


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
    vendor: Vendor, stream: Stream, named: str, keys: tuple[int, ...]
):
    def content(number: int) -> dict[str, object]:
        inner = [{"id": keys[number % len(keys)]}] if keys else []
        return {"things": [{"id": 1}], "parts": inner, "lists": inner}

    vendor.content = content
    with pytest.raises(RepeatedPageError, match=named):
        vendor.read(stream)
    assert next(vendor.numbers) <= 5003


def test_an_inner_list_of_ever_new_records_is_bounded(vendor: Vendor, monkeypatch):
    monkeypatch.setattr("tasks.rest.progress._LONGEST_INNER", 50)
    vendor.content = lambda number: {"things": [{"id": 1}], "parts": [{"id": number}]}
    with pytest.raises(RepeatedPageError, match="parts of 1: more than 50 pages"):
        vendor.read(CHILD)
