"""A list that never ends: pages come again under ever new cursors. No network."""

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
from tasks.rest.spec import Stream

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
    client = SimpleNamespace(account=account, send=send, pace_for=lambda *given: None)
    reading = Reading(client, STREAM, Window(AT, AT), Bookmark())
    with pytest.raises(RepeatedPageError, match="brought nothing new"):
        for _ in reading.pages():
            pass
    assert next(numbers) <= most
