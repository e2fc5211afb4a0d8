"""Intercom: how its API is asked."""

from functools import partial

from tasks.clock import Window
from tasks.rest.paging import BodyCursor
from tasks.rest.shapes import full_refresh
from tasks.rest.spec import IncrementalWindow, Json
from tasks.rest.values import Expression, Item, sql

PAGES = BodyCursor(at="pages.next.starting_after", into=("pagination", "starting_after"))

full = partial(full_refresh, at="")

PARTS = "conversation_parts.conversation_parts"

KIND = Item("part_type")


def holder(at: str | Item) -> Expression:
    """Who has a conversation; 0 is nobody."""
    return sql("nullif(cast({holder} as varchar), '0')", holder=at)


def window_body(window: Window, least: int) -> dict[str, Json]:
    """Both bounds are made wider by a second: texts differ on whether `>` takes the bound in."""
    bounds = (
        ("updated_at", ">", int(window.start.timestamp()) - least),
        ("updated_at", "<", int(window.end.timestamp()) + 1),
    )
    return {
        "query": {
            "operator": "AND",
            "value": [{"field": f, "operator": o, "value": max(v, 0)} for f, o, v in bounds],
        },
        "pagination": {"per_page": 150},
    }


def search(least: int) -> IncrementalWindow:
    """Changes of a window that begins `least` seconds early."""
    return IncrementalWindow(body=lambda window, settings: window_body(window, least))
