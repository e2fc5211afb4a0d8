"""Zoho Desk: how its API is asked."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from tasks.clock import Window
from tasks.rest.paging import Offset, Restart
from tasks.rest.shapes import full_refresh

API = "/api/v1"

full = partial(full_refresh, at=API, records="data")


def stamp(at: datetime) -> str:
    """An instant as the API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def modified(window: Window) -> dict[str, str]:
    """What changed in a window, in the order of change."""
    return {
        "modifiedTimeRange": f"{stamp(window.start)},{stamp(window.end)}",
        "sortBy": "modifiedTime",
    }


def from_last(params: Mapping[str, str], last: str) -> dict[str, str]:
    """The same search from the last record's change on."""
    return {"modifiedTimeRange": f"{last},{params['modifiedTimeRange'].partition(',')[2]}"}


SEARCH = Offset("from", "limit", 100, cap=900, restart=Restart("modifiedTime", from_last))
