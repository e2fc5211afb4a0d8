"""The vocabulary in which a connector declares a vendor: values only, composed and never inherited.

A `Connector` has streams; a `Stream` says what to ask, how pages follow one another, and which
entities its records become. `fields` pick and rename: a value is a path into the record
(`"via.channel"`), or `sql("...")` over such paths for a conversion that DuckDB does on whole
columns. Meaning (which state counts as solved, business time) belongs to the SQL models.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, Protocol

from tasks.clock import Window
from tasks.entities import Entity
from tasks.errors import ConfigurationError

__all__ = [
    "ChildStream",
    "Connector",
    "Export",
    "Expression",
    "FullRefresh",
    "IncrementalCursor",
    "IncrementalWindow",
    "Limits",
    "Output",
    "PageView",
    "Paging",
    "ParentStream",
    "Request",
    "Stream",
    "Total",
    "Window",
    "epoch",
    "sql",
]

Params = Mapping[str, str]
Json = Any  # any value that JSON can hold; msgspec decodes into it


@dataclass(frozen=True, slots=True)
class Request:
    """One call: path below the account's base URL (or a full URL on the same origin), query and
    JSON body.

    Query values whose name begins with `@` are a paging object's own notes and are not sent.
    """

    path: str
    params: Params = field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    body: Json = None
    anonymous: bool = (
        False  # a file at one of the connector's `file_hosts`, fetched without credentials
    )

    def with_params(self, **changes: str) -> "Request":
        """The same call with some query values set."""
        return replace(self, params={**self.params, **changes})

    def as_json(self) -> dict[str, Json]:
        """What a landed page's header stores, so that a killed run goes on from there."""
        path = (
            self.path.partition("?")[0] if self.anonymous else self.path
        )  # a file's address may be signed
        return {
            "path": path,
            "params": dict(self.params),
            "method": self.method,
            "body": self.body,
            "anonymous": self.anonymous,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "Request":
        """The inverse of `as_json`."""
        return cls(
            stored["path"],
            stored["params"],
            stored["method"],
            stored["body"],
            stored.get("anonymous", False),
        )


class PageView(Protocol):
    """What a paging object may look at: the page just read."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Answer headers, names in lower case."""

    @property
    def count(self) -> int:
        """Records on the page."""

    def value(self, path: str) -> Json:
        """A declared envelope value, None where absent."""

    def last(self, path: str) -> Json:
        """A declared value of the page's last record."""


class Paging(Protocol):
    """How pages follow one another.

    Pure: a request and the page it brought give the next request, or None.
    """

    @property
    def envelope(self) -> tuple[str, ...]:
        """Paths beside the records that must be read."""

    @property
    def of_last(self) -> tuple[str, ...]:
        """Paths of the last record that must be read."""

    def first(self, request: Request) -> Request:
        """The first call, page size included."""

    def after(self, request: Request, seen: PageView) -> Request | None:
        """The call for the page after the one seen, or None at the end."""

    def smaller(self, request: Request) -> Request | None:
        """The same call for a smaller page, for servers that cut long answers; None if it cannot
        be.
        """


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL expression over paths in braces, evaluated by DuckDB on columns of text, numbers or
    lists.
    """

    text: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths in braces."""
        return tuple(re.findall(r"\{([^{}]+)\}", self.text))


def sql(text: str) -> Expression:
    """A conversion of a field, such as `sql("to_timestamp({time})")`."""
    return Expression(text)


def epoch(path: str) -> Expression:
    """The instant at a path that holds Unix seconds."""
    return sql(f"to_timestamp(cast({{{path}}} as double))")


@dataclass(frozen=True, slots=True)
class Output:
    """Records of one section of a stream become rows of one entity.

    `each` names a list inside the record (`"child_events[]"`, `"pages[].questions[]"`): every item
    is a row, and its values are addressed as `item.…`. `filter` keeps the rows for which it is true.
    `transform` reshapes one record into any number of rows named like the entity's columns; it is pure,
    and gets the record, the parent document of its partition (or None) and the account's settings, to
    which `partition` is added.
    """

    entity: Entity
    fields: Mapping[str, str | Expression] = field(default_factory=dict)
    section: str = "main"
    each: str | None = None
    filter: Expression | None = None
    transform: (
        Callable[
            [dict[str, Json], dict[str, Json] | None, Mapping[str, Json]], Iterable[dict[str, Json]]
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """A stream that leaves out a required column fails when its file is imported."""
        unknown = set(self.fields) - set(self.entity.names)
        if unknown:
            raise ConfigurationError(
                f"entity {self.entity.name} has no column {', '.join(sorted(unknown))}"
            )
        missing = self.entity.required - set(self.fields)
        if missing and self.transform is None:
            raise ConfigurationError(
                f"{self.entity.name}: required {', '.join(sorted(missing))} not filled"
            )

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the fields and the filter read."""
        found: list[str] = []
        for value in (*self.fields.values(), *((self.filter,) if self.filter else ())):
            found.extend(value.paths if isinstance(value, Expression) else (value,))
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class FullRefresh:
    """Read everything each time.

    With `replaces`, rows that are no longer told leave the warehouse.
    """

    replaces: bool = True


@dataclass(frozen=True, slots=True)
class IncrementalWindow:
    """Read what changed in a window of time. The window starts `overlap` before the bookmark."""

    ask: Callable[[Window], Params]
    overlap: timedelta = timedelta(minutes=5)
    body: Callable[[Window, Mapping[str, Json]], Json] | None = (
        None  # gets the account's settings too
    )


@dataclass(frozen=True, slots=True)
class IncrementalCursor:
    """Read from the vendor's own cursor, found at path `cursor` of the last page and kept as the
    bookmark.
    """

    ask: Callable[[Window], Params]
    cursor: str
    param: str


@dataclass(frozen=True, slots=True)
class ChildStream:
    """Calls made for the records of each page, `chunk` keys at a time; landed as section `name`.

    With `once`, a key that comes on several pages of a batch is asked for at the first.
    """

    name: str
    ask: Callable[[tuple[str, ...]], Request]
    key: str
    records: str
    chunk: int = 1
    paging: "Paging | None" = None
    child_streams: "tuple[ChildStream, ...]" = ()
    filter: Callable[[Json], bool] | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class ParentStream:
    """The stream is read once for each record of a list (a survey, say), each with its own
    bookmark.

    `partition_cursor` is a value of the list record that moves when there is news. Where it has not
    moved, the partition is read again only after `recheck`. `parent_document` is requested before a
    partition's first page and passed to `transform`; a response without `parent_document_has` is
    not that document.
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
class Export:
    """A file that the vendor prepares: asked for, waited for, fetched.

    `csv` rows and `zip` content become pages.

    `start` gets the partition (or None), the window and the account's settings; `poll` the
    partition and the job; `file` the partition and what lies at `file_at` of the last poll (the job
    if that is None). Where a header named `more` brings a locator, the next part is asked for with
    it as `more_param`; the text "null" is the end. Used for windows of at least `least`; shorter
    ones are asked for page by page.
    """

    start: Callable[[str | None, Window, Mapping[str, Json]], Request]
    job_at: str
    poll: Callable[[str, str], Request]
    state_at: str
    done: frozenset[str]
    failed: frozenset[str]
    file: Callable[[str, str], Request]
    kind: Literal["zip", "csv"]
    file_at: str | None = None
    more: str = ""
    more_param: str = ""
    count: str = ""  # header with the rows of a part
    size_at: str = ""  # the file's bytes, in the last poll
    least: timedelta = timedelta(0)
    every_seconds: float = 2.0
    longest_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Total:
    """Where the vendor tells how many records the window has: envelope path, or header
    `header:x-total-count`.

    Fewer than told fails the batch when `strict`; else it is a warning (totals that count what may
    not be seen).
    """

    at: str
    strict: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One kind of record that a vendor offers."""

    name: str
    description: str
    path: str
    records: str
    outputs: tuple[Output, ...]
    paging: Paging
    params: Params = field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    sync: FullRefresh | IncrementalWindow | IncrementalCursor = field(default_factory=FullRefresh)
    child_streams: tuple[ChildStream, ...] = ()
    parent: ParentStream | None = None
    export: Export | None = None
    total: Total | None = None
    optional: bool = False
    enabled: bool = True
    flat: bool = False
    empty_is_null: bool = False
    scalar: Callable[[Json], Json] | None = None
    requests_per_minute: int | None = None
    missing_is_empty: bool = False  # a 404 is a page without records, as for a day that has no file
    from_beginning: bool = (
        False  # people and organizations are older than the tickets that name them
    )

    @property
    def incremental(self) -> str:
        """How the stream keeps up, in words."""
        if isinstance(self.sync, FullRefresh):
            return "full list each run"
        return (
            "vendor cursor"
            if isinstance(self.sync, IncrementalCursor)
            else "changed since the bookmark"
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """A vendor's rate limits.

    `wait` reads the vendor's wish from a refused answer: seconds, or None if it has none.

    `spent` tells from the headers and body of any answer that the day's budget is used up.
    """

    requests_per_minute: int | None = None
    retry_statuses: frozenset[int] = frozenset(
        {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}
    )
    wait: Callable[[Mapping[str, str], bytes], float | None] | None = None
    spent: Callable[[int, Mapping[str, str], bytes], bool] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Connector:
    """One vendor: address, credentials, limits, streams."""

    name: str
    title: str
    docs: str
    api_version: str
    base_url: str
    auth: Any  # one of tasks.rest.auth; typed there to keep this file free of HTTP
    check: Request
    streams: tuple[Stream, ...]
    settings: tuple[str, ...] = ()
    optional_settings: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    headers: Params = field(default_factory=dict)  # templates over settings
    file_hosts: tuple[
        str, ...
    ] = ()  # hosts (and all below them) from which exported files may be fetched
    empty: bytes = b"{}"  # what 204 without a body stands for
    unsupported: tuple[str, ...] = ()  # what people expect and the vendor's API does not have
    failed_inside: str | None = None
    is_login: Callable[[Json], bool] | None = None
