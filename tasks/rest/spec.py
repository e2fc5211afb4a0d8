"""The vocabulary in which a connector declares a vendor: values only, composed and never inherited.

A `Connector` has streams. A `Stream` says what to ask, how pages follow one another, and which
entities its records become. The fields of an `Output` pick and rename: a text is a path into the
record (`"via.channel"`), other values are in `tasks.rest.values`. Meaning (which state counts as
solved, business time) belongs to the SQL models.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tasks.clock import Window
from tasks.entities import TICKET, Entity
from tasks.errors import ConfigurationError
from tasks.rest.address import Region, spared_settings
from tasks.rest.auth import Auth, all_secrets
from tasks.rest.values import (
    AsText,
    Expression,
    Header,
    Item,
    ItemPosition,
    Present,
    Records,
    Source,
    Value,
    WholeBody,
    value_of,
    values_of,
)

if TYPE_CHECKING:
    from tasks.rest.fields import OwnFields

Params = Mapping[str, str]
Json = Any  # any value that JSON can hold; msgspec decodes into it
Record = Mapping[str, Json]  # a decoded record, as a transform gets it
Row = dict[str, Json]  # values by column of an entity, as a transform gives it

MAIN = "main"  # the section of a stream's own pages
PARENTS = "parents"  # the list of a stream's partitions
PARENT_DOCUMENT = "parent_document"  # what is asked for once before the pages


@dataclass(frozen=True, slots=True)
class RequestState:
    """What paging remembers from call to call and does not send.

    `since` and `until` bound a list that the vendor cannot bound itself, written as the vendor
    writes instants. `turn` counts calls that look alike.
    """

    since: str = ""
    until: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One call: path below the account's base URL (or a full URL on the same origin), query, body.

    `body` is sent as JSON. An `anonymous` call fetches a file at one of the connector's
    `file_hosts` without credentials.
    """

    path: str
    params: Params = field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    body: Json = None
    anonymous: bool = False
    state: RequestState = RequestState()

    def with_params(self, **changes: str) -> "Request":
        """The same call with some query values set."""
        return replace(self, params={**self.params, **changes})

    def as_json(self) -> dict[str, Json]:
        """What a landed page's header stores, so that a killed run resumes from there.

        The query of a file's address is left out: it may be a signature.
        """
        return {
            "path": self.path.partition("?")[0] if self.anonymous else self.path,
            "params": dict(self.params),
            "method": self.method,
            "body": self.body,
            "anonymous": self.anonymous,
            "state": {
                "since": self.state.since,
                "until": self.state.until,
                "turn": self.state.turn,
            },
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Request":
        """The inverse of `as_json`; requests landed by version 0.1 have no state of their own."""
        return cls(**{**stored, "state": RequestState(**stored.get("state", {}))})


class PageView(Protocol):
    """What a paging object may look at: the page just read."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers, names in lower case."""

    @property
    def count(self) -> int:
        """Records on the page."""

    @property
    def received(self) -> int | None:
        """Records of the list up to this page; None where its beginning was read earlier."""

    def value(self, path: str) -> Json:
        """A declared value outside the records, None where absent."""

    def first(self, path: str) -> Json:
        """A declared value of the page's first record."""

    def last(self, path: str) -> Json:
        """A declared value of the page's last record."""


class AdaptiveSize(Protocol):
    """A page size that begins high and is halved where the vendor takes too long."""

    def of(self, request: Request) -> int:
        """The size that a request asks for."""

    def limited(self, request: Request, size: int) -> Request:
        """The same call for pages of at most `size`."""

    def halved(self, request: Request) -> Request | None:
        """The same call for half the page; None at the smallest."""


class Paging(Protocol):
    """How pages follow one another.

    Pure: a request and the page that it brought give the next request, or None.
    """

    @property
    def envelope(self) -> tuple[str, ...]:
        """Paths outside the records that must be read."""

    @property
    def of_last(self) -> tuple[str, ...]:
        """Paths of the last record that must be read."""

    def first(self, request: Request) -> Request:
        """The first call, page size included."""

    def after(self, request: Request, page: PageView) -> Request | None:
        """The call for the page after this one, None at the end."""

    @property
    def adaptive(self) -> AdaptiveSize | None:
        """A page size that is halved where the vendor takes too long; None for a fixed one."""


@dataclass(frozen=True, slots=True)
class RecordContext:
    """What a transform may know apart from its record.

    `partition` is the key of the partition, or of the record that a child call was made for.
    `parent_document` is the document of the partition or of the stream, where one is asked for.
    """

    settings: Mapping[str, Json] = field(default_factory=dict)
    partition: str | None = None
    parent_document: Json = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a transform cannot make a row of, and why; it stands in the quarantine.

    `key` names what it is about: some columns of the entity's key.
    """

    reason: str
    key: Row = field(default_factory=dict)


class Transform(Protocol):
    """A pure function that reshapes one record into rows, whose keys are columns of the entity."""

    def __call__(self, record: Json, context: RecordContext, /) -> Iterable[Row | Refusal]:
        """Any number of rows, and of refusals: what would be wrong or lost as a row."""


@dataclass(frozen=True, slots=True)
class Output:
    """Records of one section of a stream become rows of one entity.

    `each` is the path of a list inside the record: every item is a row, its values are `Item(...)`.
    `filter` keeps the rows for which it is true. A `transform` takes the place of all three: it
    makes the rows of a record in Python.
    """

    entity: Entity
    fields: Mapping[str, Source] = field(default_factory=dict)
    section: str = MAIN
    each: str | None = None
    filter: Expression | Present | None = None
    transform: Transform | None = None

    def __post_init__(self) -> None:
        """An output that cannot work fails when its file is imported."""
        for complaint in self._complaints():
            raise ConfigurationError(f"output {self.entity.name}: {complaint}")

    def _complaints(self) -> Iterator[str]:
        if self.transform:
            if self.fields or self.each or self.filter:
                yield "a transform makes whole rows; leave fields, each and filter out"
            return
        unknown = set(self.fields) - set(self.entity.names)
        if unknown:
            yield f"the entity has no column {', '.join(sorted(unknown))}"
        missing = self.entity.required - set(self.fields)
        if missing:
            yield f"required {', '.join(sorted(missing))} not filled"
        if not self.each and any(_is_of_item(value) for value in self.values):
            yield "Item(...) needs `each`, the list whose items are meant"
        if self.each and self.each.endswith("[]"):
            yield f"each={self.each!r}: name the list without brackets"

    @property
    def values(self) -> tuple[Value, ...]:
        """Every value that the fields and the filter read."""
        sources = (*self.fields.values(), *((self.filter,) if self.filter else ()))
        return tuple(dict.fromkeys(value for source in sources for value in values_of(source)))


def _is_of_item(value: Value) -> bool:
    if isinstance(value, ItemPosition):
        return True
    return isinstance(value.at if isinstance(value, (Present, AsText)) else value, Item)


@dataclass(frozen=True, slots=True)
class FullRefresh:
    """Read everything each time.

    With `replaces`, rows that are no longer reported leave the warehouse, but for those of the
    entities in `keeps`.
    """

    replaces: bool = True
    keeps: tuple[Entity, ...] = ()


AskBody = Callable[[Window, Mapping[str, Json]], Json]  # gets the account's settings too


@dataclass(frozen=True, slots=True)
class IncrementalWindow:
    """Read what changed in a window of time. The window starts `overlap` before the bookmark.

    Vendors show a record seconds to minutes after its own time (estuary/connectors#5209, #3911).

    `ask` gives the query, `body` the JSON body, `state` what the paging object needs to know.
    """

    ask: Callable[[Window], Params] = lambda window: {}
    overlap: timedelta = timedelta(minutes=15)
    body: AskBody | None = None
    state: Callable[[Window], RequestState] | None = None


@dataclass(frozen=True, slots=True)
class IncrementalCursor:
    """Read from the vendor's own cursor.

    It is found at path `cursor` of the last page, kept as the bookmark, and sent as `param`.
    """

    ask: Callable[[Window], Params]
    cursor: str
    param: str


@dataclass(frozen=True, slots=True)
class ChildStream:
    """Calls made for the records of each page, `chunk` keys at a time; landed as section `name`.

    `key` is the path of the key in the record, `filter` says for which keys to call, or for which
    values at `filter_at`. With `once`, a key that comes on several pages of a batch is asked for at
    the first.
    """

    name: str
    ask: Callable[[tuple[str, ...]], Request]
    key: str
    records: Records
    chunk: int = 1
    paging: Paging | None = None
    child_streams: "tuple[ChildStream, ...]" = ()
    filter: Callable[[Json], bool] | None = None
    filter_at: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True)
class ParentStream:
    """The list, a survey's for example, for each record of which the stream is read once.

    Every record is a partition with its own bookmark. `partition_cursor` is a value of the record
    that moves when there is news. Where it has not moved, the partition is read again only after
    `recheck`. `parent_document` is requested before a partition's first page and passed to
    transforms; a response without `parent_document_has` is not that document.
    """

    request: Request
    records: str
    partition_key: str
    partition_cursor: str
    parent_document: Callable[[str], Request]
    paging: Paging
    parent_document_has: str = "id"
    recheck: timedelta = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Document:
    """What a stream asks for once before its pages, and passes to its transforms.

    `records` says whether that is the whole body or a list of records. Where the account may not
    read it, the transforms get None and say what is missing.
    """

    request: Request
    records: Records = field(default_factory=WholeBody)


class StartExport(Protocol):
    """The call that asks for an export of one window, of one partition if the stream has them."""

    def __call__(
        self, partition: str | None, window: Window, settings: Mapping[str, Json], /
    ) -> Request:
        """The request; the settings are the account's."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file that the vendor prepares: asked for, waited for, fetched; its rows become pages.

    `poll` gets the partition and the job. `file` gets the partition and what lies at `file_at` of
    the last poll (the job if that is None). Where the header `next_part` brings a locator, the next
    part is asked for with it as `next_part_param`; the text "null" is the end. Exports are used for
    windows of at least `shortest_window`; shorter ones are asked for page by page.
    """

    start: StartExport
    job_at: str
    poll: Callable[[str, str], Request]
    state_at: str
    done: frozenset[str]
    failed: frozenset[str]
    file: Callable[[str, str], Request]
    kind: Literal["zip", "csv"]
    file_at: str | None = None
    next_part: Header | None = None
    next_part_param: str = ""
    rows_count: Header | None = None  # rows of a part
    size_at: str = ""  # path of the file's bytes in the last poll
    shortest_window: timedelta = timedelta(0)
    every_seconds: float = 2.0
    longest_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Total:
    """Where the vendor reports how many records the window has: a path of the page, or a header.

    Fewer records than reported fail the batch when `strict`; else they are a warning (some totals
    count what the credentials may not see).
    """

    at: str | Header
    strict: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One kind of record that a vendor offers.

    `{key}` in `path` and `params` is the partition's key. `optional` streams may be missing in the
    customer's plan. `flat` records have no objects inside: a path is one key, dots and all.
    `document` is asked for once before the pages, where there is no `parent`. `scalar` makes a
    plain value of an object. `missing_is_empty` takes a 404 for a page without
    records, as for a day that has no file. `from_beginning` reads the whole history at first:
    people and organizations are older than the tickets that name them. `hides_deleted` streams
    never report what is deleted: a record that was, and comes again, has been restored.
    """

    name: str
    description: str
    path: str
    records: Records
    outputs: tuple[Output, ...]
    paging: Paging
    params: Params = field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    sync: FullRefresh | IncrementalWindow | IncrementalCursor = field(default_factory=FullRefresh)
    child_streams: tuple[ChildStream, ...] = ()
    parent: ParentStream | None = None
    document: Document | None = None
    export: Export | None = None
    total: Total | None = None
    optional: bool = False
    enabled: bool = True
    flat: bool = False
    empty_is_null: bool = False
    scalar: Callable[[Json], Json] | None = None
    requests_per_minute: int | None = None
    missing_is_empty: bool = False
    from_beginning: bool = False
    hides_deleted: bool = False

    def __post_init__(self) -> None:
        """A stream that cannot work fails when its file is imported."""
        unknown = {output.section for output in self.outputs} - self.sections
        if unknown:
            raise ConfigurationError(
                f"stream {self.name}: no section {', '.join(sorted(unknown))}; there are"
                f" {', '.join(sorted(self.sections))}"
            )
        if self.export and self.export.kind == "csv" and not isinstance(self.records, str):
            raise ConfigurationError(f"stream {self.name}: a CSV export needs a path for records")
        for child in all_children(self.child_streams):
            value_of(child.key)

    @property
    def sections(self) -> set[str]:
        """Where pages of this stream may come from: its own, child streams, parents."""
        own = {MAIN, *(child.name for child in all_children(self.child_streams))}
        if self.document:
            own.add(PARENT_DOCUMENT)
        return own | ({PARENTS, PARENT_DOCUMENT} if self.parent else set())

    @property
    def incremental(self) -> str:
        """How the stream keeps up, in words."""
        if isinstance(self.sync, FullRefresh):
            return "full list each run"
        is_cursor = isinstance(self.sync, IncrementalCursor)
        return "vendor cursor" if is_cursor else "changed since the bookmark"

    def records_of(self, section: str) -> Records:
        """Where the records of a section's pages are."""
        if section == MAIN:
            return self.records
        if section == PARENTS and self.parent:
            return self.parent.records
        if section == PARENT_DOCUMENT:
            return self.document.records if self.document else WholeBody()
        return self.child(section).records

    @property
    def version_of_ticket(self) -> tuple[str, str] | None:
        """Where the ids and versions of tickets stand in this stream's own records."""
        for output in self.outputs:
            key, version = output.fields.get("ticket_id"), output.fields.get("version_at")
            is_ticket = output.entity is TICKET and output.section == MAIN and not output.each
            if is_ticket and isinstance(key, str) and isinstance(version, str):
                return key, version
        return None

    def child(self, name: str) -> ChildStream:
        """The child stream of that name, at any depth."""
        return next(c for c in all_children(self.child_streams) if c.name == name)


def all_children(children: Iterable[ChildStream]) -> Iterator[ChildStream]:
    """Child streams and theirs, at any depth."""
    for child in children:
        yield child
        yield from all_children(child.child_streams)


@dataclass(frozen=True, slots=True)
class Limits:
    """A vendor's rate limits.

    `wait` reads the vendor's wish from a refused response: seconds, or None if it has none. Without
    it and without Retry-After, `resets` name headers of when a used-up limit is filled again:
    seconds from now, Unix time or an ISO instant.
    `spent` says from status, headers and body of any response that the day's budget is used up,
    `busy` that a limit is met which passes, where no status of `retry_statuses` says so.
    """

    requests_per_minute: int | None = None
    retry_statuses: frozenset[int] = frozenset(
        {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
    )
    wait: Callable[[Mapping[str, str], bytes], float | None] | None = None
    resets: tuple[Header, ...] = (Header("x-ratelimit-reset"), Header("ratelimit-reset"))
    spent: Callable[[int, Mapping[str, str], bytes], bool] | None = None
    busy: Callable[[int, Mapping[str, str], bytes], bool] | None = None


Values = Mapping[str, Json]  # settings of an account, by name
Complaints = Iterable[str]


class LookAtAnswer(Protocol):
    """What is wrong with an account, from one response (None without a call) and its settings."""

    def __call__(self, answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
        """Complaints, each with what to do."""


def nothing_wrong(answer: Json, settings: Mapping[str, Json], /) -> Iterable[str]:
    """For a precondition that holds when its call is allowed."""
    return ()


Probe = Generator[Request, Json, Iterable[str]]  # calls, answered by bodies; then complaints


@dataclass(frozen=True, slots=True)
class Precondition:
    """Something that must hold before the numbers of an account are right; `doctor` tests it.

    `request` is one cheap call, None where the settings are enough. `needed_by` names the stream
    without which the precondition does not matter. Where one call is not enough, `probe` gives one
    after the other and is sent each body, None where the account may not make the call. Without a
    blocking one the rows would be wrong: a run tests it too and reads no page.
    """

    name: str
    request: Request | None = None
    look: LookAtAnswer = nothing_wrong
    needed_by: str | None = None
    probe: Callable[[Mapping[str, Json]], Probe] | None = None
    is_blocking: bool = False


PreconditionsOf = Callable[[Values], Iterable[Precondition]]


@dataclass(frozen=True, slots=True)
class HiddenFields:
    """How a vendor refuses a request because of a field that the login may not see.

    `named` reads the field from the refusal, None if that says something else. `without` gives the
    request without it, None if the request makes no sense then.
    """

    named: Callable[[bytes], str | None]
    without: Callable[[Request, str], Request | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Connector:
    """One vendor: address, credentials, limits, streams.

    `headers` are templates over the settings. `file_hosts` are hosts (and all below them) from
    which exported files may be fetched. `hidden_fields` finds what the login may not see. `empty`
    is what a 204 without a body stands for. `failed_inside` is the key of an error in a response
    with status 200. `is_login` says whether the response to `check` belongs to a login.
    `unsupported` is what people expect and the vendor's API does not have. `preconditions` are
    tested by `doctor`, blocking ones before the first page too; `preconditions_of` makes more of
    the account's settings. `region` is a setting with a closed list, whose places give values for
    addresses. Each of `other_base_urls` takes the place of `base_url` when its settings are given.
    `own_fields` say where the fields lie that an account defines itself.
    """

    name: str
    title: str
    docs: str
    api_version: str
    base_url: str
    auth: Auth
    check: Request
    streams: tuple[Stream, ...]
    settings: tuple[str, ...] = ()
    optional_settings: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    headers: Params = field(default_factory=dict)
    file_hosts: tuple[str, ...] = ()
    hidden_fields: HiddenFields | None = None
    empty: bytes = b"{}"
    unsupported: tuple[str, ...] = ()
    failed_inside: str | None = None
    is_login: Callable[[Json], bool] | None = None
    preconditions: tuple[Precondition, ...] = ()
    preconditions_of: PreconditionsOf | None = None
    region: Region | None = None
    other_base_urls: tuple[str, ...] = ()
    own_fields: "tuple[OwnFields, ...]" = ()

    def values_of(self, given: Mapping[str, str], *, is_replaced: bool) -> Mapping[str, str]:
        """Settings and secrets, with what the region gives.

        Raises:
            ConfigurationError: The region is not on its list.

        """
        if self.region is None or (is_replaced and not given.get(self.region.setting)):
            return given
        return {**given, **self.region.values_of(given)}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that one of the ways to sign in uses."""
        return all_secrets(self.auth)

    def missing_settings(self, values: Mapping[str, str]) -> list[str]:
        """The needed settings that are not given, but for those that another host spares."""
        spared = set(spared_settings(self.base_url, self.other_base_urls, values))
        for way in self.auth.ways:
            spared |= set(way.spared(values))
        return [name for name in self.settings if not values.get(name) and name not in spared]
