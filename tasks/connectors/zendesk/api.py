"""Zendesk Support: how its API is asked."""

from functools import partial

from tasks.clock import Window
from tasks.rest.paging import CursorParam, NextUrl, PageSize
from tasks.rest.shapes import full_refresh

EXPORTS_PER_MINUTE = 10

# Exports give up to 1,000 records, and a 504 where that is too much (airbytehq/airbyte#33435).
LARGEST = PageSize("per_page", 1000, least=50)

by_cursor = CursorParam(
    at="meta.after_cursor", param="page[after]", size={"page[size]": "100"}, more="meta.has_more"
)

by_time = NextUrl(at="next_page", size=LARGEST, ends="end_of_stream")

full = partial(full_refresh, at="/api/v2")


def since(window: Window) -> dict[str, str]:
    """What changed from the window's start on."""
    return {"start_time": str(int(window.start.timestamp()))}


export = CursorParam(
    at="after_cursor",
    param="cursor",
    size=LARGEST,
    ends="end_of_stream",
    alone=True,
    keeps=("per_page", "include"),
)
