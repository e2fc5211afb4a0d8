"""Freshdesk: how its API is asked."""

from datetime import datetime, timedelta
from functools import partial

from tasks.rest.paging import PageNumber, Restart
from tasks.rest.shapes import full_refresh
from tasks.rest.spec import IncrementalWindow, RequestState
from tasks.rest.values import TopLevelList

LIST = PageNumber(size={"per_page": "100"})

full = partial(full_refresh, at="/api/v2", records=TopLevelList())

CHANGES = PageNumber(
    size={"per_page": "100"},
    cap=300,
    restart=Restart("updated_at", lambda params, last: {"updated_since": last}),
)


def stamp(at: datetime) -> str:
    """An instant as the API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def since(
    name: str,
    overlap: timedelta = timedelta(minutes=15),
) -> IncrementalWindow:
    """What changed from the window's start on; the list ends after the window."""
    return IncrementalWindow(
        ask=lambda window: {name: stamp(window.start)},
        state=lambda window: RequestState(until=stamp(window.end)),
        overlap=overlap,
    )
