"""Reads one batch of one stream: pages, in groups after which an interrupted batch can continue.

A group is a page with all calls that follow from it. The last page of a group says where to
continue (`resume`); an interrupted batch resumes after its last complete group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

import msgspec

from tasks.clock import Window, now, parse_instant
from tasks.errors import (
    ContractError,
    CredentialsError,
    NotInPlanError,
    RejectedByVendorError,
    SlowAnswerError,
    TruncatedPageError,
)
from tasks.rest.client import Client, Response
from tasks.rest.exports import parts_of
from tasks.rest.progress import Progress
from tasks.rest.received import DONE, Bookmark, ReceivedPage, Resume
from tasks.rest.sections import page_reader, paging_of
from tasks.rest.spec import (
    MAIN,
    PARENT_DOCUMENT,
    PARENTS,
    ChildStream,
    Export,
    FullRefresh,
    IncrementalCursor,
    IncrementalWindow,
    Json,
    ParentStream,
    Request,
    Stream,
)
from tasks.rest.typed import Decoded, Page, PageReader
from tasks.rest.values import Header, WholeBody, body_without_records, whole_number

_FORBIDDEN = 403


class _View:
    """A page as paging objects see it."""

    def __init__(self, reader: PageReader, response: Response, content: Page) -> None:
        self._reader, self._content = reader, content
        self.headers = response.headers
        self.received: int | None = None

    @property
    def count(self) -> int:
        return len(self._content.records) + len(self._content.unreadable)

    def value(self, path: str) -> Json:
        return self._reader.value(self._content.document, path)

    def first(self, path: str) -> Json:
        return self._of(self._content.records[:1], path)

    def last(self, path: str) -> Json:
        return self._of(self._content.records[-1:], path)

    def _of(self, records: Sequence[Decoded], path: str) -> Json:
        return self._reader.column(records, path)[0] if records else None


class Reading:
    """One batch in progress: walks partitions, pages and child calls."""

    def __init__(
        self,
        client: Client,
        stream: Stream,
        window: Window,
        bookmark: Bookmark,
        known: Mapping[str, datetime] | None = None,
    ) -> None:
        self._client, self._stream, self._window, self._bookmark = client, stream, window, bookmark
        self._known = known or {}
        self._name = f"{client.account.name}/{stream.name}"
        self._progress = Progress(self._name)
        self._keys_asked_for: dict[str, set[str]] = {}
        client.pace_for(stream.name, stream.requests_per_minute)

    def pages(
        self, resume: Resume | None = None, partitions: Sequence[Page] = ()
    ) -> Iterator[ReceivedPage]:
        """Every page of the batch, or those after `resume`.

        `partitions` are list pages that were landed before the interruption. Raises one of the
        VendorErrors, or ConfigurationError where a precondition of the vendor does not hold; pages
        already yielded are good.
        """
        self._client.require()
        if resume and resume.get("done"):
            return
        if self._stream.parent:
            yield from self._each_partition(self._stream.parent, resume, partitions)
            return
        if not resume:
            yield from self._document()
        start = Request.from_json(resume["request"]) if resume else self._first(None, self._window)
        yield from self._series(start, partition=None, after=DONE)

    def catalogue(self) -> Iterator[ReceivedPage]:
        """The list of a stream's partitions, and each one's document.

        Surveys and their questions, for example, without the answers.
        """
        parent = self._stream.parent
        if parent is None:
            return
        reader = page_reader(self._stream, PARENTS)
        for page in self._list_partitions(parent):
            yield page
            for key in reader.column(page.records, parent.partition_key):
                yield self._parent_document(parent, str(key))

    def _document(self) -> Iterator[ReceivedPage]:
        """The stream's document; nothing where it has none, or where the account may not read it.

        Transforms then get None, and say what is missing.
        """
        if self._stream.document is None:
            return
        try:
            page, _ = self._ask(
                self._stream.document.request, PARENT_DOCUMENT, None, is_optional=True
            )
        except NotInPlanError:
            return
        yield page

    def _fail(self, complaint: str) -> NoReturn:
        raise ContractError(f"{self._name}: {complaint}")

    # Partitions

    def _each_partition(
        self, parent: ParentStream, resume: Resume | None, landed: Sequence[Page]
    ) -> Iterator[ReceivedPage]:
        lists = list(landed)
        if not resume:
            for page in self._list_partitions(parent):
                lists.append(page.content)
                yield page
        due = self._due_partitions(parent, lists)
        if not resume and not due:
            return
        begin = _place_of(due, resume.get("partition") if resume else None)
        refused: list[RejectedByVendorError] = []
        for place in range(begin, len(due)):
            key, window = due[place]
            after = {"partition": due[place + 1][0]} if place + 1 < len(due) else DONE
            interrupted = resume.get("request") if resume and place == begin else None
            if interrupted is not None:
                start = Request.from_json(interrupted)
                yield from self._series(start, partition=key, after=after)
                continue
            yield from self._unless_refused(self._partition(parent, key, window, after), refused)
        if len(refused) == len(due) and refused:
            raise refused[0]
        self._client.refusals[self._stream.name] = [str(refusal) for refusal in refused]

    def _partition(
        self, parent: ParentStream, key: str, window: Window, after: Resume
    ) -> Iterator[ReceivedPage]:
        """A partition's document and pages."""
        yield self._parent_document(parent, key)
        yield from self._series(self._first(key, window), partition=key, after=after)

    def _unless_refused(
        self, pages: Iterator[ReceivedPage], refused: list[RejectedByVendorError]
    ) -> Iterator[ReceivedPage]:
        """The pages of a partition; none of it where the login may not read it, or it is gone.

        It is not marked as read, so a later run reads it from its start. A refusal after its first
        page is an error.
        """
        is_underway = False
        try:
            for page in pages:
                is_underway = is_underway or page.section == MAIN
                yield page
        except (CredentialsError, NotInPlanError) as refusal:
            is_of_one = isinstance(refusal, NotInPlanError) or refusal.status == _FORBIDDEN
            if is_underway or not is_of_one:
                raise
            refused.append(refusal)

    def _due_partitions(
        self, parent: ParentStream, lists: Sequence[Page]
    ) -> list[tuple[str, Window]]:
        """Partitions to read, each with its window; the last of equal keys counts."""
        windows: dict[str, Window] = {}
        for content in lists:
            windows |= dict(self._with_news(parent, content))
        return list(windows.items())

    def _parent_document(self, parent: ParentStream, key: str) -> ReceivedPage:
        """A partition's own document.

        Raises ContractError for anything else, such as an error with status 200.
        """
        page, _ = self._ask(parent.parent_document(key), PARENT_DOCUMENT, key)
        value: Json = msgspec.json.decode(page.body)
        for name in parent.parent_document_has.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            self._fail(f"the answer for {key} has no {parent.parent_document_has}")
        return page

    def _list_partitions(self, parent: ParentStream) -> Iterator[ReceivedPage]:
        request: Request | None = parent.paging.first(parent.request)
        progress, received = Progress.inner(f"{self._name}: the list of its partitions"), 0
        while request:
            page, view = self._ask(request, PARENTS, None)
            view.received = received = received + view.count
            request = parent.paging.after(request, view)
            progress.check(request, page, is_empty=not page.records)
            yield page if request else replace(page, resume={"partition": None})

    def _with_news(self, parent: ParentStream, content: Page) -> Iterator[tuple[str, Window]]:
        """The partitions of a list page that are new, have news, or have not been read lately."""
        reader = page_reader(self._stream, PARENTS)
        keys = map(str, reader.column(content.records, parent.partition_key))
        cursors = map(str, reader.column(content.records, parent.partition_cursor))
        known = self._bookmark.partitions or {}
        for key, cursor in zip(keys, cursors, strict=True):
            if key not in known:
                yield key, self._window
                continue
            read_at, old_cursor = known[key]
            if cursor != old_cursor or self._window.end - read_at >= parent.recheck:
                start = self._overlapping(read_at) or self._window.start
                yield key, Window(start, self._window.end)

    def _overlapping(self, read_at: datetime) -> datetime | None:
        """Where a partition's window starts if the stream is read by windows."""
        sync = self._stream.sync
        return read_at - sync.overlap if isinstance(sync, IncrementalWindow) else None

    def _window_of(self, partition: str | None) -> Window:
        known = (self._bookmark.partitions or {}).get(partition or "")
        start = self._overlapping(known[0]) if known else None
        return Window(start, self._window.end) if start else self._window

    # Pages

    def _first(self, partition: str | None, window: Window) -> Request:
        stream, sync = self._stream, self._stream.sync
        params = {name: _for(partition, text) for name, text in stream.params.items()}
        request = Request(_for(partition, stream.path), params, stream.method)
        if isinstance(sync, IncrementalCursor) and self._bookmark.cursor and not self._looks_back:
            request = request.with_params(**{sync.param: self._bookmark.cursor})
        elif not isinstance(sync, FullRefresh):
            request = request.with_params(**sync.ask(window))
        if isinstance(sync, IncrementalWindow):
            body = sync.body(window, self._client.account.settings) if sync.body else None
            state = sync.state(window) if sync.state else request.state
            request = replace(request, body=body, state=state)
        return self._in_known_size(stream.paging.first(request))

    @property
    def _looks_back(self) -> bool:
        """Whether the window begins before what the vendor's cursor would bring."""
        until = self._bookmark.until
        return until is not None and self._window.start < until

    def _in_known_size(self, request: Request) -> Request:
        """Pages no bigger than those that the vendor could make earlier in this run."""
        adaptive, known = self._stream.paging.adaptive, self._client.page_sizes
        size = known.get(self._stream.name)
        return adaptive.limited(request, size) if adaptive and size else request

    def _series(
        self, start: Request, *, partition: str | None, after: Resume
    ) -> Iterator[ReceivedPage]:
        """All pages from `start` on, each with its child calls."""
        export = self._stream.export
        if export and self._window.end - self._window.start >= export.shortest_window:
            yield from self._exported(export, partition, after)
            return
        self._progress.begin()
        request: Request | None = start
        while request:
            page, view = self._ask(request, MAIN, partition)
            request = self._stream.paging.after(page.request, view)
            self._progress.check(request, page, is_empty=self._is_empty(page))
            fresh = self._without_known(page)
            *group, last = page, *self._children_of(self._stream.child_streams, fresh)
            yield from group
            resume = {"partition": partition, "request": request.as_json()} if request else after
            yield replace(last, resume=resume)

    def _exported(
        self, export: Export, partition: str | None, after: Resume
    ) -> Iterator[ReceivedPage]:
        """The parts of an exported file are one group: an interrupted export starts again."""
        reader = page_reader(self._stream, MAIN)
        window = self._window_of(partition)
        parts = parts_of(self._client, export, self._stream, partition, window)
        held: ReceivedPage | None = None
        for request, body in parts:
            if held:
                yield held
            content = reader.decode(body)
            page = content.repaired or body
            held = ReceivedPage(MAIN, partition, request, page, content, now())
        if held:
            yield replace(held, resume=after)

    # Child streams

    def _without_known(self, page: ReceivedPage) -> ReceivedPage:
        """The page without records that the warehouse has in this version, children included."""
        places = self._stream.version_of_ticket
        if not self._known or not places:
            return page
        reader = page_reader(self._stream, MAIN)
        keys, versions = (reader.column(page.records, place) for place in places)
        fresh = [
            record
            for record, key, version in zip(page.records, keys, versions, strict=True)
            if not self._is_known(key, version)
        ]
        return replace(page, content=replace(page.content, records=fresh))

    def _is_known(self, key: Json, version: Json) -> bool:
        known = self._known.get(str(key))
        try:
            return known is not None and parse_instant(str(version)).replace(microsecond=0) == known
        except ValueError:
            return False

    def _children_of(
        self, children: Sequence[ChildStream], page: ReceivedPage
    ) -> Iterator[ReceivedPage]:
        for child in children:
            keys = self._keys_for(child, page)
            for at in range(0, len(keys), child.chunk):
                yield from self._child_pages(child, keys[at : at + child.chunk], page.partition)

    def _keys_for(self, child: ChildStream, page: ReceivedPage) -> tuple[str, ...]:
        """The keys of a page for which a child stream is asked, each once."""
        values = page_reader(self._stream, page.section).column(page.records, child.key)
        if None in values and self._is_lost_without_key(page.section):
            self._fail(f"a record has no {child.key}, by which the rest of it is asked for")
        if any(isinstance(value, (dict, list)) for value in values):
            self._fail(f"the {child.key} of a record is not a plain value")
        tried = values
        if child.filter_at:
            tried = page_reader(self._stream, page.section).column(page.records, child.filter_at)
        wanted = (
            key
            for key, value in zip(values, tried, strict=True)
            if key is not None and (not child.filter or child.filter(value))
        )
        keys = tuple(dict.fromkeys(map(str, wanted)))
        if not child.once:
            return keys
        asked = self._keys_asked_for.setdefault(child.name, set())
        fresh = tuple(key for key in keys if key not in asked)
        asked.update(fresh)
        return fresh

    def _is_lost_without_key(self, section: str) -> bool:
        """Whether nothing of a record would be read if its key were missing."""
        is_read = any(output.section == MAIN for output in self._stream.outputs)
        return section == MAIN and not self._stream.missing_is_empty and not is_read

    def _child_pages(
        self, child: ChildStream, keys: tuple[str, ...], partition: str | None
    ) -> Iterator[ReceivedPage]:
        paging = paging_of(self._stream, child.name)
        label = partition or (keys[0] if child.chunk == 1 else None)
        request: Request | None = paging.first(child.ask(keys))
        progress, received = Progress.inner(f"{self._name}: {child.name} of {keys[0]}"), 0
        while request:
            try:
                page, view = self._ask(request, child.name, label)
            except NotInPlanError:
                return  # deleted since the page was made: its children answer 404
            self._refuse_another_document(child, keys, page)
            view.received = received = received + view.count
            request = paging.after(request, view)
            progress.check(request, page, is_empty=not page.records)
            yield page
            yield from self._children_of(child.child_streams, page)

    def _refuse_another_document(
        self, child: ChildStream, keys: tuple[str, ...], page: ReceivedPage
    ) -> None:
        """A document has an id, its own or (after a merge) another's.

        Anything else is an error with status 200.
        """
        if not isinstance(child.records, WholeBody) or len(keys) > 1 or not page.records:
            return
        if not _is_document(page.records[0]):
            self._fail(f"the answer for {child.name} {keys[0]} is no record: it has no id")

    # One call

    def _ask(
        self, request: Request, section: str, partition: str | None, *, is_optional: bool = False
    ) -> tuple[ReceivedPage, _View]:
        """One page; where the server cuts it or takes too long, a smaller one."""
        while True:
            smaller = self._smaller(request) if section == MAIN else None
            try:
                response, content = self._send(
                    request, section, may_shrink=smaller is not None, is_optional=is_optional
                )
                break
            except (TruncatedPageError, SlowAnswerError):
                if smaller is None:
                    raise
                request = smaller
                self._remember_size(request)
            except ContractError as wrong:
                raise type(wrong)(f"{self._name}: {wrong}") from None
        view = _View(page_reader(self._stream, section), response, content)
        page = ReceivedPage(
            section,
            partition,
            request,
            content.repaired or response.body,
            content,
            now(),
            cursor=self._cursor(view) if section == MAIN else None,
            total=self._total(view) if section == MAIN else None,
        )
        return page, view

    def _smaller(self, request: Request) -> Request | None:
        adaptive = self._stream.paging.adaptive
        return adaptive.halved(request) if adaptive else None

    def _remember_size(self, request: Request) -> None:
        adaptive = self._stream.paging.adaptive
        if adaptive:
            self._client.page_sizes[self._stream.name] = adaptive.of(request)

    def _send(
        self, request: Request, section: str, *, may_shrink: bool, is_optional: bool
    ) -> tuple[Response, Page]:
        stream = self._stream
        is_empty_day = section == MAIN and stream.missing_is_empty
        return self._client.send(
            request,
            stream=stream.name,
            optional=stream.optional or is_optional,
            accept=page_reader(stream, section).decode,
            missing=body_without_records(stream.records) if is_empty_day else None,
            may_shrink=may_shrink,
        )

    def _cursor(self, view: _View) -> str | None:
        sync = self._stream.sync
        value = view.value(sync.cursor) if isinstance(sync, IncrementalCursor) else None
        return None if value is None else str(value)

    def _total(self, view: _View) -> int | None:
        total = self._stream.total
        if not total:
            return None
        at = total.at
        value = at.of(view.headers) if isinstance(at, Header) else view.value(at)
        return None if value is None else whole_number(value, f"{self._name}: the total")

    def _is_empty(self, page: ReceivedPage) -> bool:
        empty = body_without_records(self._stream.records)
        return not page.records or (self._stream.missing_is_empty and page.body == empty)


def _place_of(due: Sequence[tuple[str, Window]], key: str | None) -> int:
    """Where an interrupted batch continues: at its partition, or at the end if that is gone."""
    if key is None:
        return 0
    return next((place for place, (other, _) in enumerate(due) if other == key), len(due))


def _for(partition: str | None, template: str) -> str:
    """A path or a query value for one partition."""
    return template if partition is None else template.replace("{key}", partition)


def _is_document(record: Decoded) -> bool:
    if isinstance(record, dict):
        return bool(record.get("id"))
    values: Mapping[str, object] = msgspec.structs.asdict(record)
    return any(value is not None and value is not msgspec.UNSET for value in values.values())
