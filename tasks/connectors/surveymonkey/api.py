"""SurveyMonkey: how lists of responses are paged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.clock import parse_instant
from tasks.rest.paging import LinkWithQuery
from tasks.rest.spec import Json, PageView, Request


def written(instant: datetime) -> str:
    """An instant as the filters of the API take it: UTC without an offset."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S")


def second_before(changed: Json) -> str:
    """A second before a change; empty for a text that is no instant."""
    try:
        return written(parse_instant(str(changed)) - timedelta(seconds=1))
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class FromLastModified(LinkWithQuery):
    """The next page begins at the last response's change, a second earlier, and not at a number.

    A response that is changed while pages are read leaves its place, and everything after it moves
    up: a numbered page would begin one response too late. Numbers serve only where a whole page was
    changed in one second, or the last change cannot be read.
    """

    @property
    def of_last(self) -> tuple[str, ...]:
        """The time of the last change."""
        return ("date_modified",)

    def after(self, request: Request, page: PageView) -> Request | None:
        """The list from the last change on; None without a next link."""
        if not page.value(self.at):
            return None
        start = second_before(page.last("date_modified"))
        if start <= request.params["start_modified_at"]:
            return request.with_params(page=str(int(request.params["page"]) + 1))
        return request.with_params(start_modified_at=start, page="1")
