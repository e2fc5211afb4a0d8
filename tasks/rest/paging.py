"""How pages follow one another: one small pure object per shape that vendors use."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from tasks.errors import ContractError
from tasks.rest.spec import Json, PageView, Params, Request
from tasks.rest.values import Header, whole_number


@dataclass(frozen=True, slots=True)
class PageSize:
    """A page size that adapts: `most` at first, halved where the vendor takes too long for it.

    It is not halved below `least`. A smaller size holds for the rest of the run.
    """

    param: str
    most: int
    least: int = 50

    def of(self, request: Request) -> int:
        """The size that a request asks for, in its query values or in a linked address."""
        asked = {**_query_of(request.path), **request.params}
        return int(asked.get(self.param, self.most))

    def limited(self, request: Request, size: int) -> Request:
        """The same call for pages of at most `size`."""
        if size >= self.of(request):
            return request
        query = _query_of(request.path)
        if self.param not in query or self.param in request.params:
            return request.with_params(**{self.param: str(size)})
        changed = urlencode({**query, self.param: str(size)})
        linked = urlsplit(request.path)._replace(query=changed)
        return replace(request, path=linked.geturl())

    def halved(self, request: Request) -> Request | None:
        """The same call for half the page; None where that is below `least`."""
        size = self.of(request) // 2
        return self.limited(request, size) if size >= self.least else None


def _query_of(path: str) -> dict[str, str]:
    """The query values of an address; none where it cannot be read."""
    try:
        return dict(parse_qsl(urlsplit(path).query))
    except ValueError:
        return {}


def _with_size(request: Request, size: Mapping[str, str] | PageSize | None) -> Request:
    """The first call with its page size."""
    if isinstance(size, PageSize):
        return request.with_params(**{size.param: str(size.most)})
    return request.with_params(**size) if size else request


@dataclass(frozen=True, slots=True)
class _Shape:
    """What all shapes share: nothing to read next to the records, and pages of one size."""

    @property
    def envelope(self) -> tuple[str, ...]:
        return ()

    @property
    def of_last(self) -> tuple[str, ...]:
        return ()

    def first(self, request: Request) -> Request:
        return request

    @property
    def adaptive(self) -> PageSize | None:
        return None


def _refuse_contradiction(
    page: PageView, onward: Json, *, more: str | None = None, ends: str | None = None
) -> None:
    """A page that says it is not the last, and names no next one, is not the end of the list."""
    says_more = more is not None and page.value(more) is True
    is_not_last = ends is not None and page.value(ends) is False
    if onward in (None, "") and (says_more or is_not_last):
        raise ContractError(
            f"the page says by {more or ends} that another follows, and does not name it"
        )


def _refuse_short(page: PageView, total: str | None) -> None:
    """A list that ends before as many records came as the page itself counts."""
    reported = page.value(total) if total else None
    if reported is None or page.received is None:
        return
    count = whole_number(reported, "the total")
    if page.received < count:
        raise ContractError(f"the list counts {count} records, and ends after {page.received}")


def _of_last(page: PageView, path: str) -> str:
    """Where the next page begins: a value of the last record, without which nothing follows."""
    value = page.last(path)
    if value is None:
        raise ContractError(f"the last record has no {path}, after which the next page begins")
    return str(value)


@dataclass(frozen=True, slots=True)
class SinglePage(_Shape):
    """The whole answer is one page."""

    def after(self, request: Request, page: PageView) -> Request | None:
        """Never another page."""
        return None


@dataclass(frozen=True, slots=True)
class OnePage(_Shape):
    """A list that has to come in one answer, because its records belong together.

    `total` is the header of how many there are, `most` how many one answer holds.
    """

    total: Header
    most: int

    def after(self, request: Request, page: PageView) -> Request | None:
        """Never another page. Raises ContractError if the answer does not hold all records."""
        total = self.total.of(page.headers)
        if total is not None and whole_number(total, "the total") > self.most:
            raise ContractError(
                f"{total} records, and they must come in one answer of at most {self.most:,}"
            )
        return None


@dataclass(frozen=True, slots=True)
class NextUrl(_Shape):
    """The page names the address of the next one.

    `ends` is an envelope flag that says the last page was read.
    """

    at: str
    size: Mapping[str, str] | PageSize | None = None
    ends: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The link, and the flag if there is one."""
        return (self.at, self.ends) if self.ends else (self.at,)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return _with_size(request, self.size)

    @property
    def adaptive(self) -> PageSize | None:
        """The page size, where it adapts."""
        return self.size if isinstance(self.size, PageSize) else None

    def after(self, request: Request, page: PageView) -> Request | None:
        """The linked address, unless the flag says end.

        Zendesk's time-based exports link on even at the end.
        """
        link = page.value(self.at)
        _refuse_contradiction(page, link, ends=self.ends)
        if not link or (self.ends and page.value(self.ends)):
            return None
        return replace(request, path=str(link), params={})


@dataclass(frozen=True, slots=True)
class CursorParam(_Shape):
    """The page holds a cursor that goes into a query value.

    `more` is an envelope flag, `ends` its opposite.

    With `alone`, the cursor replaces the first call's query values except those named in `keeps`.
    """

    at: str
    param: str
    size: Mapping[str, str] | PageSize | None = None
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
        return _with_size(request, self.size)

    @property
    def adaptive(self) -> PageSize | None:
        """The page size, where it adapts."""
        return self.size if isinstance(self.size, PageSize) else None

    def after(self, request: Request, page: PageView) -> Request | None:
        """The same call with the cursor; None without one, without more, or at the end."""
        cursor = page.value(self.at)
        _refuse_contradiction(page, cursor, more=self.more, ends=self.ends)
        if (
            cursor in (None, "")
            or (self.more and not page.value(self.more))
            or (self.ends and page.value(self.ends))
        ):
            return None
        kept = {k: v for k, v in request.params.items() if not self.alone or k in self.keeps}
        return replace(request, params={**kept, self.param: str(cursor)})


@dataclass(frozen=True, slots=True)
class LinkWithQuery(_Shape):
    """The page links to the next one; its query is taken, its address is not (gateways).

    Where `ends` is true the list is at its end, link or not.
    """

    at: str
    size: Mapping[str, str] | None = None
    total: str | None = None
    ends: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The link, the number of all records and the mark of the end."""
        return tuple(path for path in (self.at, self.total, self.ends) if path)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return request.with_params(**self.size) if self.size else request

    def after(self, request: Request, page: PageView) -> Request | None:
        """The same path with the link's query."""
        link = page.value(self.at)
        if self.ends and page.value(self.ends) is True:
            return None
        _refuse_contradiction(page, link, ends=self.ends)
        if not link:
            _refuse_short(page, self.total)
            return None
        try:
            query = urlsplit(str(link)).query
        except ValueError:
            raise ContractError("the address of the next page cannot be read") from None
        return replace(request, params=dict(parse_qsl(query)))


@dataclass(frozen=True, slots=True)
class SearchAfterId(_Shape):
    """A POST search sorted by id: the next page asks for ids above the last, until one is empty.

    It never meets a cap on results, nor the endless loop of many records with one timestamp
    (airbytehq/airbyte#43317). `above` puts the id into the body.
    """

    id_path: str
    above: Callable[[Json, str], Json]

    @property
    def of_last(self) -> tuple[str, ...]:
        """The id."""
        return (self.id_path,)

    def after(self, request: Request, page: PageView) -> Request | None:
        """The same search above the last id."""
        if page.count == 0:
            return None
        return replace(request, body=self.above(request.body, _of_last(page, self.id_path)))


@dataclass(frozen=True, slots=True)
class Keyset(_Shape):
    """Sorted by time and id; the next page asks for what lies above the last row's pair.

    `above(query, time, id)` rewrites the query. The end is the absence of `rel="next"` in the Link
    header, because a page can come short or empty when rows are hidden after the page was cut
    (ServiceNow's access rules); an empty page with a next link is stepped over by offset.
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

    def after(self, request: Request, page: PageView) -> Request | None:
        """Above the last pair, or past an empty page; None without a next link."""
        if not _links_on(page):
            return None
        if page.count == 0:
            offset = int(request.params.get(self.offset_param, "0")) + int(
                request.params[self.size_param]
            )
            return request.with_params(**{self.offset_param: str(offset)})
        query = self.above(
            request.params[self.query_param],
            _of_last(page, self.time_path),
            _of_last(page, self.id_path),
        )
        params = {k: v for k, v in request.params.items() if k != self.offset_param}
        return replace(request, params={**params, self.query_param: query})

    @property
    def adaptive(self) -> PageSize:
        """Halved, down to `least`: for transactions that the server cuts short."""
        return PageSize(self.size_param, self.size, self.least)


def _links_on(page: PageView) -> bool:
    """Whether the Link header names a next page."""
    return bool(re.search(r'rel="?next"?', page.headers.get("link", "")))


def _into(body: Json, path: tuple[str, ...], value: str) -> Json:
    """The body with a value put at a path."""
    inner = value if len(path) == 1 else _into((body or {}).get(path[0]), path[1:], value)
    return {**(body or {}), path[0]: inner}


@dataclass(frozen=True, slots=True)
class BodyCursor(_Shape):
    """The page holds a cursor that goes into the body of the same call.

    `ends` is an envelope flag for the last page.
    """

    at: str
    into: tuple[str, ...]
    ends: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The cursor and the flag."""
        return (self.at, self.ends) if self.ends else (self.at,)

    def after(self, request: Request, page: PageView) -> Request | None:
        """The same body with the cursor; None without one or at the end."""
        cursor = page.value(self.at)
        _refuse_contradiction(page, cursor, ends=self.ends)
        if cursor in (None, "") or (self.ends and page.value(self.ends)):
            return None
        return replace(request, body=_into(request.body, self.into, str(cursor)))


@dataclass(frozen=True, slots=True)
class Restart:
    """An ascending list restarts from the last record's time.

    `ask` makes the query values for a list that begins at that time (inclusive: records of the
    border come twice and are merged).
    """

    time_path: str
    ask: Callable[[Params, str], Params]

    def request(self, request: Request, page: PageView) -> Request:
        """The call from the last record on.

        Raises ContractError when a full list shares one instant.
        """
        following = self.following(request, page)
        changed = {k: v for k, v in following.params.items() if k in request.params}
        if changed == dict(request.params):
            raise ContractError(
                f"more records share the instant {page.last(self.time_path)} than the vendor's"
                " pages reach"
            )
        return following

    def following(self, request: Request, page: PageView) -> Request:
        """The call from the last record on, which may be the same call."""
        params = {**request.params, **self.ask(request.params, _of_last(page, self.time_path))}
        return replace(request, params=params)


@dataclass(frozen=True, slots=True)
class PageNumber(_Shape):
    """Numbered pages: a Link header with `rel="next"` announces another, or `pages` counts them.

    With `restart` the list is in the order of that time, and each page begins at the last one's: a
    record that changes while pages are read leaves its place, and a number would skip the first of
    those that move up. Numbers are counted where all of a page share one instant, up to `cap`
    (Freshdesk refuses page 301). A list that has a lower bound only ends where the last record's
    time is past `state.until`, so that a chunk of a backfill does not read on to the present.
    `total` is the number of all records.
    """

    size: Mapping[str, str]
    cap: int | None = None
    restart: Restart | None = None
    pages: str | None = None
    total: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The numbers of pages and records."""
        return tuple(path for path in (self.pages, self.total) if path)

    @property
    def of_last(self) -> tuple[str, ...]:
        """The time from which to restart."""
        return (self.restart.time_path,) if self.restart else ()

    def first(self, request: Request) -> Request:
        """Page 1 with the page size."""
        return request.with_params(**self.size, page="1")

    def after(self, request: Request, page: PageView) -> Request | None:
        """The next number, or page 1 of a list that begins later."""
        number, restart = int(request.params["page"]), self.restart
        if self.pages and number >= whole_number(page.value(self.pages) or 0, "the count of pages"):
            _refuse_short(page, self.total)
            return None
        if not self.pages and not _links_on(page):
            return None
        if restart and page.count:
            last, until = str(page.last(restart.time_path)), request.state.until
            if until and last > until:
                return None
            if str(page.first(restart.time_path)) != last:
                return restart.following(request, page).with_params(page="1")
            if self.cap and number >= self.cap:
                return restart.request(request, page).with_params(page="1")
        return request.with_params(page=str(number + 1))


@dataclass(frozen=True, slots=True)
class Offset(_Shape):
    """The next page begins after as many records as the pages before it had room for.

    A short page is the last. `ends` is an envelope flag that is true on the last page, `total` the
    number of all; an end that contradicts them is refused. At offset `cap` the list restarts from
    the last record's time (Zoho's search refuses deep offsets). A list that comes newest first and
    cannot be filtered ends where the last record's `newest_first` time is older than `state.since`.
    """

    param: str
    size_param: str
    size: int
    ends: str | None = None
    total: str | None = None
    cap: int | None = None
    restart: Restart | None = None
    newest_first: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The flag and the total."""
        return tuple(path for path in (self.ends, self.total) if path)

    @property
    def of_last(self) -> tuple[str, ...]:
        """The times to look at."""
        return tuple(
            path
            for path in (self.restart.time_path if self.restart else None, self.newest_first)
            if path
        )

    def first(self, request: Request) -> Request:
        """Offset 0 with the page size."""
        return request.with_params(**{self.param: "0", self.size_param: str(self.size)})

    def after(self, request: Request, page: PageView) -> Request | None:
        """The next offset, or offset 0 of a list that begins later."""
        following = int(request.params[self.param]) + int(request.params[self.size_param])
        if page.count == 0 and self.ends and page.value(self.ends) is False:
            raise ContractError(f"the page says by {self.ends} that another follows, and is empty")
        if (
            (self.ends and page.value(self.ends))
            or page.count == 0
            or self._is_all(page, following)
        ):
            _refuse_short(page, self.total)
            return None
        if not self.ends and not self.total and page.count < int(request.params[self.size_param]):
            return None
        if self.newest_first and str(page.last(self.newest_first)) < request.state.since:
            return None
        if self.restart and self.cap and following >= self.cap:
            return self.restart.request(request, page).with_params(**{self.param: "0"})
        return request.with_params(**{self.param: str(following)})

    def _is_all(self, page: PageView, following: int) -> bool:
        """Whether the next offset lies behind the total."""
        total = page.value(self.total) if self.total else None
        return total is not None and following >= whole_number(total, "the total")


@dataclass(frozen=True, slots=True)
class BeforeLast(_Shape):
    """Newest first: the next page lies before the last record's token, until a page is short."""

    token_path: str
    param: str
    size_param: str
    size: int

    @property
    def of_last(self) -> tuple[str, ...]:
        """The token."""
        return (self.token_path,)

    def first(self, request: Request) -> Request:
        """With the page size."""
        return request.with_params(**{self.size_param: str(self.size)})

    def after(self, request: Request, page: PageView) -> Request | None:
        """Before the last token.

        Totals tell what remains and are no stop sign (airbytehq/airbyte#34484).
        """
        if page.count < int(request.params[self.size_param]):
            return None
        return request.with_params(**{self.param: _of_last(page, self.token_path)})

    @property
    def adaptive(self) -> PageSize:
        """Halved, down to 50: for servers that run out of time."""
        return PageSize(self.size_param, self.size)


@dataclass(frozen=True, slots=True)
class Scroll(_Shape):
    """One token for all pages, until a page is empty; the calls differ in `state.turn` only."""

    at: str
    param: str

    @property
    def envelope(self) -> tuple[str, ...]:
        """The token."""
        return (self.at,)

    def after(self, request: Request, page: PageView) -> Request | None:
        """The same call with the token; None after an empty page."""
        token = page.value(self.at)
        if page.count == 0 or not token:
            return None
        state = replace(request.state, turn=request.state.turn + 1)
        return replace(request.with_params(**{self.param: str(token)}), state=state)


@dataclass(frozen=True, slots=True)
class EachDay(_Shape):
    """One call a day, from the day in `param` to the day `state.until`."""

    param: str

    def after(self, request: Request, page: PageView) -> Request | None:
        """The next day."""
        following = date.fromisoformat(request.params[self.param]) + timedelta(days=1)
        if following.isoformat() > request.state.until:
            return None
        return request.with_params(**{self.param: following.isoformat()})


@dataclass(frozen=True, slots=True)
class BodyKeyset(_Shape):
    """A POST query by time and id: the next page asks above the last pair, until one is short.

    `paths` are those of time and id in a record; `above` puts the pair into the body. Where the
    page has the `total` of what is left, that decides and not the page's size, which a server may
    cut.
    """

    paths: tuple[str, str]
    size: int
    above: Callable[[Json, str, str], Json]
    total: str | None = None

    @property
    def envelope(self) -> tuple[str, ...]:
        """The total of what is left."""
        return (self.total,) if self.total else ()

    @property
    def of_last(self) -> tuple[str, ...]:
        """Time and id."""
        return self.paths

    def after(self, request: Request, page: PageView) -> Request | None:
        """Above the last pair; None after a short page, or after all that was left."""
        left = page.value(self.total) if self.total else None
        if page.count == 0 and isinstance(left, int) and left > 0:
            raise ContractError(f"the list counts {left} more records, and the page has none")
        is_last = page.count >= left if isinstance(left, int) else page.count < self.size
        if is_last or page.count == 0:
            return None
        time, key = (_first(page.last(path)) for path in self.paths)
        return replace(request, body=self.above(request.body, time, key))


def _first(value: Json) -> str:
    """A value, or the first of a list of them."""
    return str(value[0] if isinstance(value, list) and value else value)
