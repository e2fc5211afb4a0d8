"""Files that a vendor prepares: ask for one, wait until it is ready, fetch it, make pages of it."""

import csv
import io
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

import msgspec

from tasks.clock import Window
from tasks.errors import (
    ContractError,
    RejectedByVendorError,
    RepeatedPageError,
    TruncatedPageError,
    UnreachableError,
)
from tasks.rest.client import Accepted, Client, Response
from tasks.rest.spec import Export, Json, Request, Stream
from tasks.rest.typed import PageReader
from tasks.rest.values import WholeBody, whole_number

_MOST_LOOKS, _LONGEST_PAUSE = 200, 30.0  # vendors warn of polling without end
_LONGEST_CELL = min(sys.maxsize, 2**31 - 1)  # mails are longer than the 131,072 of the module
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
_ANY = PageReader(records=WholeBody(), values=(), whole=True)


def parts_of(
    client: Client,
    export: Export,
    stream: Stream,
    partition: str | None,
    window: Window,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Request, bytes]]:
    """The parts of one export as JSON bodies, each with the request that fetched it.

    Raises RejectedByVendorError when the vendor gives up, UnreachableError when it takes longer
    than `longest_seconds`, ContractError for a file that is not what was declared.
    """
    return _Job(client, export, stream, partition or "", clock).parts(partition, window)


@dataclass(frozen=True, slots=True)
class _Job:
    client: Client
    export: Export
    stream: Stream
    key: str
    clock: Callable[[], float]

    @property
    def who(self) -> str:
        return f"{self.client.account.name}/{self.stream.name}"

    def parts(self, partition: str | None, window: Window) -> Iterator[tuple[Request, bytes]]:
        export = self.export
        job = self._start(partition, window)
        ready = self._wait(job)
        name = _at(ready, export.file_at) if export.file_at else job
        if not name:
            self._fail("the export is ready but names no file")
        request: Request | None = export.file(self.key, str(name))
        size = _at(ready, export.size_at) if export.size_at else None
        earlier: set[int] = set()
        while request:
            response, _ = self._send(request, accept=bytes)
            self._check(response, size, earlier)
            earlier.add(hash(response.body))
            yield request, self._body(response)
            request = self._next(request, response)

    def _start(self, partition: str | None, window: Window) -> str:
        settings = self.client.account.settings
        document = self._json(self.export.start(partition, window, settings))
        job = _at(document, self.export.job_at)
        if not job:
            self._fail("the vendor named no export job")
        return str(job)

    def _wait(self, job: str) -> Mapping[str, Json]:
        """The last poll of a job that is done."""
        began, pause = self.clock(), self.export.every_seconds
        for _ in range(_MOST_LOOKS):
            document = self._json(self.export.poll(self.key, job))
            state = str(_at(document, self.export.state_at))
            if state in self.export.failed:
                raise RejectedByVendorError(
                    f"{self.who}: the vendor gave up on the export: {state}"
                )
            if state in self.export.done:
                return document
            if self.clock() - began > self.export.longest_seconds:
                break
            self.client.pause(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        waited = self.clock() - began
        raise UnreachableError(f"{self.who}: the export is not ready after {waited:.0f} s")

    def _check(self, response: Response, size: Json, earlier: Collection[int]) -> None:
        expected = None if size is None else whole_number(size, "the size of the export")
        if expected is not None and len(response.body) != expected:
            raise TruncatedPageError(
                f"{self.who}: the file has {len(response.body)} bytes, the vendor reports {size}"
            )
        if hash(response.body) in earlier:
            raise RepeatedPageError(f"{self.who}: the same part of the export came twice; stopped")

    def _body(self, response: Response) -> bytes:
        """The file's content as a JSON page."""
        if self.export.kind == "zip":
            return _unpacked(response.body, self.client.biggest_page, self.who)
        header = self.export.rows_count
        said = header.of(response.headers) if header else None
        reported = None if said is None else whole_number(said, f"{self.who}: the count of rows")
        is_html = response.body.lstrip()[:1] == b"<"
        rows = [] if is_html else _rows(response.body, self.who)
        is_short = reported is not None and len(rows) != reported
        if is_html or is_short:
            raise TruncatedPageError(
                f"{self.who}: the export has {len(rows)} rows, the vendor reports {reported}"
            )
        return msgspec.json.encode({self.stream.records: rows})

    def _next(self, request: Request, response: Response) -> Request | None:
        header = self.export.next_part
        locator = header.of(response.headers) if header else None
        if locator in {None, "null"}:
            return None
        return request.with_params(**{self.export.next_part_param: str(locator)})

    def _json(self, request: Request) -> Mapping[str, Json]:
        _, page = self._send(request, accept=_ANY.decode)
        return page.document if isinstance(page.document, dict) else {}

    def _send(
        self, request: Request, accept: Callable[[bytes], Accepted]
    ) -> tuple[Response, Accepted]:
        stream = self.stream
        return self.client.send(
            request, stream=stream.name, optional=stream.optional, accept=accept
        )

    def _fail(self, complaint: str) -> NoReturn:
        raise ContractError(f"{self.who}: {complaint}")


def _at(document: Json, path: str) -> Json:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _unpacked(body: bytes, most: int, who: str) -> bytes:
    """The one file of a zip, at most `most` bytes.

    Its name is never used, so it cannot lead anywhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise ContractError(f"{who}: the export's zip has {len(members)} files, not one")
            with archive.open(members[0]) as file:
                content = file.read(most + 1)
    except _BROKEN_ZIP as broken:
        raise ContractError(f"{who}: the export is not a zip that can be read ({broken})") from None
    if len(content) > most:
        raise ContractError(f"{who}: the export unpacks to more than {most >> 20} MiB")
    return content


def _rows(body: bytes, who: str = "a file") -> list[Json]:
    """CSV as objects; dotted heads are nested, empty cells null.

    A row whose cells do not match the heads becomes a text, which is then rejected as a record.
    """
    csv.field_size_limit(_LONGEST_CELL)
    text = body.decode("utf-8-sig", errors="replace")
    text = text.replace("\0", "")
    rows: list[Json] = []
    try:
        table = csv.reader(io.StringIO(text, newline=""))
        heads = next(table, [])
        _refuse_unclear(heads, who)
        rows += [_nested(heads, cells) for cells in table if cells]
    except csv.Error as broken:
        raise ContractError(f"{who}: the export is not CSV that can be read ({broken})") from None
    return rows


def _refuse_unclear(heads: list[str], who: str) -> None:
    """Heads that come twice, or of which one holds others, would replace one another."""
    for head in heads:
        within = [other for other in heads if other.startswith(f"{head}.")]
        if heads.count(head) > 1 or within:
            raise ContractError(
                f"{who}: the export has the heads {head} and {(within or [head])[0]}, which"
                " contradict each other"
            )


def _nested(heads: list[str], cells: list[str]) -> Json:
    if len(cells) != len(heads):
        return f"a row of {len(cells)} cells under {len(heads)} heads: {','.join(cells)}"
    row: dict[str, Json] = {}
    for head, cell in zip(heads, cells, strict=True):
        *outer, name = head.split(".")
        inner = row
        for step in outer:
            inner = inner.setdefault(step, {})
        inner[name] = cell or None
    return row
