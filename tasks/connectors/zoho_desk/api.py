"""Zoho Desk: how its API is asked, and how it writes instants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from tasks.clock import Window
from tasks.rest.paging import Offset, Restart
from tasks.rest.shapes import full_refresh
from tasks.rest.spec import Json, PageView, Request
from tasks.rest.values import Expression, Item, sql

API = "/api/v1"

full = partial(full_refresh, at=API, records="data")


def stamp(at: datetime) -> str:
    """An instant as the API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def instant(at: str | Item) -> Expression:
    """The instant at a place: ISO text, or milliseconds since 1970 as a number or as text."""
    return sql(
        """
        case
            when regexp_full_match(cast({at} as varchar), '[0-9]+')
                then cast(to_timestamp(cast(cast({at} as varchar) as bigint) / 1000) as varchar)
            else cast({at} as varchar)
        end""",
        at=at,
    )


def written(at: Json) -> str | None:
    """The ISO text of an instant that may come as milliseconds since 1970; None for none."""
    text = "" if at is None else str(at)
    if text.isdigit():
        return stamp(datetime.fromtimestamp(int(text) / 1000, UTC))
    return text or None


def modified(window: Window) -> dict[str, str]:
    """What changed in a window, in the order of change."""
    return {
        "modifiedTimeRange": f"{stamp(window.start)},{stamp(window.end)}",
        "sortBy": "modifiedTime",
    }


def from_last(params: Mapping[str, str], last: str) -> dict[str, str]:
    """The same search from the last record's change on."""
    until = params["modifiedTimeRange"].partition(",")[2]
    return {"modifiedTimeRange": f"{written(last)},{until}"}


@dataclass(frozen=True, slots=True)
class FromLastChange(Offset):
    """The next page begins at the last record's change, and not at a number.

    A record that is changed while pages are read leaves its place, and everything after it moves
    up: a numbered page would begin one record too late. Numbers serve only where a whole page was
    changed at one instant.
    """

    def after(self, request: Request, page: PageView) -> Request | None:
        """The search from the last change on; None after a short page."""
        following = Offset.after(self, request, page)
        last = written(page.last("modifiedTime"))
        if following is None or last is None:
            return following
        start = request.params["modifiedTimeRange"].partition(",")[0]
        if last <= start:
            return following
        return request.with_params(**from_last(request.params, last), **{self.param: "0"})


SEARCH = FromLastChange("from", "limit", 100, cap=900, restart=Restart("modifiedTime", from_last))
