"""How pages follow one another: one small pure object per shape that vendors use."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tasks.rest.spec import Request, Seen


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all shapes share: nothing to read beside the records, and no smaller page."""

    @property
    def envelope(self) -> tuple[str, ...]:
        return ()

    @property
    def of_last(self) -> tuple[str, ...]:
        return ()

    def first(self, request: Request) -> Request:
        return request

    def smaller(self, request: Request) -> Request | None:
        return None


@dataclass(frozen=True, slots=True)
class SinglePage(_Shape):
    """The whole answer is one page."""

    def after(self, request: Request, seen: Seen) -> Request | None:
        """Never another page."""
        return None


@dataclass(frozen=True, slots=True)
class NextUrl(_Shape):
    """The page names the address of the next one. `ends` is an envelope flag that says the last page was read."""

    at: str
    size: Mapping[str, str] | None = None
    ends: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The link, and the flag if there is one."""
        return (self.at, self.ends) if self.ends else (self.at,)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return request.with_params(**self.size) if self.size else request

    def after(self, request: Request, seen: Seen) -> Request | None:
        """The linked address, unless the flag says end. Zendesk's time-based exports link on even at the end."""
        link = seen.value(self.at)
        if not link or (self.ends and seen.value(self.ends)):
            return None
        return replace(request, path=str(link), params={})


@dataclass(frozen=True, slots=True)
class CursorParam(_Shape):
    """The page holds a cursor that goes into a query value. `more` is an envelope flag, `ends` its opposite.

    With `alone`, the cursor replaces the first call's query values except those named in `keeps`.
    """

    at: str
    param: str
    size: Mapping[str, str] | None = None
    more: str | None = None
    ends: str | None = None
    alone: bool = False
    keeps: tuple[str, ...] = ()

    @property
    def envelope(self) -> tuple[str, ...]:
        """The cursor and the flags."""
        return tuple(path for path in (self.at, self.more, self.ends) if path)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return request.with_params(**self.size) if self.size else request

    def after(self, request: Request, seen: Seen) -> Request | None:
        """The same call with the cursor; None without one, without more, or at the end of the stream."""
        cursor = seen.value(self.at)
        if cursor in (None, "") or (self.more and not seen.value(self.more)) or (self.ends and seen.value(self.ends)):
            return None
        kept = {k: v for k, v in request.params.items() if not self.alone or k in self.keeps}
        return replace(request, params={**kept, self.param: str(cursor)})


@dataclass(frozen=True, slots=True)
class LinkWithQuery(_Shape):
    """The page links to the next one, whose query is taken and whose address is not: for links behind gateways."""

    at: str
    size: Mapping[str, str] | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The link."""
        return (self.at,)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return request.with_params(**self.size) if self.size else request

    def after(self, request: Request, seen: Seen) -> Request | None:
        """The same path with the link's query."""
        link = seen.value(self.at)
        return replace(request, params=dict(parse_qsl(urlsplit(str(link)).query))) if link else None


@dataclass(frozen=True, slots=True)
class SearchAfterId(_Shape):
    """A POST search sorted by id; the next page asks for ids above the last one, until a page is empty.

    Never meets a cap on results, nor the endless loop of many records with one timestamp
    (airbytehq/airbyte#43317). `above` puts the id into the body.
    """

    id_path: str
    above: Callable[[Any, str], Any]

    @property
    def of_last(self) -> tuple[str, ...]:
        """The id."""
        return (self.id_path,)

    def after(self, request: Request, seen: Seen) -> Request | None:
        """The same search above the last id."""
        if seen.count == 0:
            return None
        return replace(request, body=self.above(request.body, str(seen.last(self.id_path))))


@dataclass(frozen=True, slots=True)
class Keyset(_Shape):
    """Sorted by time and id; the next page asks for what lies above the last row's pair.

    `above(query, time, id)` rewrites the query. The end is the absence of `rel="next"` in the Link header, because a
    page can come short or empty when rows are hidden after the page was cut (ServiceNow's access rules); an empty
    page with a next link is stepped over by offset.
    """

    time_path: str
    id_path: str
    query_param: str
    offset_param: str
    size_param: str
    size: int
    above: Callable[[str, str, str], str]
    least: int = 50

    @property
    def of_last(self) -> tuple[str, ...]:
        """Time and id."""
        return (self.time_path, self.id_path)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return request.with_params(**{self.size_param: str(self.size)})

    def after(self, request: Request, seen: Seen) -> Request | None:
        """Above the last pair, or past an empty page; None without a next link."""
        if not re.search(r'rel="?next"?', seen.headers.get("link", "")):
            return None
        if seen.count == 0:
            offset = int(request.params.get(self.offset_param, "0")) + int(request.params[self.size_param])
            return request.with_params(**{self.offset_param: str(offset)})
        query = self.above(
            request.params[self.query_param], str(seen.last(self.time_path)), str(seen.last(self.id_path))
        )
        params = {k: v for k, v in request.params.items() if k != self.offset_param}
        return replace(request, params={**params, self.query_param: query})

    def smaller(self, request: Request) -> Request | None:
        """Half the page, down to `least`: for transactions that the server cuts short."""
        size = int(request.params.get(self.size_param, self.size)) // 2
        return request.with_params(**{self.size_param: str(size)}) if size >= self.least else None
