"""Files that a vendor prepares: ask for one, wait until it is ready, fetch it, make pages of it."""

import csv
import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from tasks.clock import Window
from tasks.errors import (
    ContractError,
    RejectedByVendorError,
    RepeatedPageError,
    TruncatedPageError,
    UnreachableError,
)
from tasks.rest.client import Client
from tasks.rest.spec import Export, Json, Request
from tasks.rest.typed import PageReader

Answered = tuple[Request, bytes]
_MOST_LOOKS, _LONGEST_PAUSE = 200, 30.0  # vendors warn of polling without end
_ANY = PageReader(records="", paths=(), whole=True)


def parts_of(
    client: Client,
    export: Export,
    partition: str | None,
    window: Window,
    *,
    stream: str,
    records: str,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Answered]:
    """The parts of one export as JSON bodies, each with the request that fetched it.

    Raises RejectedByVendorError when the vendor gives up, UnreachableError when it takes longer
    than `longest_seconds`, ContractError for a file that is not what was declared.
    """
    key = partition or ""
    asked = _json(client, export.start(partition, window, client.account.settings), stream)
    job = _at(asked, export.job_at)
    if not job:
        raise ContractError(f"{client.account.name}/{stream}: the vendor named no export job")
    ready = _wait(client, export, key, str(job), stream, clock)
    name = _at(ready, export.file_at) if export.file_at else job
    if not name:
        raise ContractError(
            f"{client.account.name}/{stream}: the export is ready but names no file"
        )
    request: Request | None = export.file(key, str(name))
    size = _at(ready, export.size_at) if export.size_at else None
    before: bytes | None = None
    while request:
        answer, _ = client.send(request, stream=stream)
        if size is not None and len(answer.body) != int(size):
            raise TruncatedPageError(
                f"{client.account.name}/{stream}: the file has {len(answer.body)} bytes, the vendor"
                f" tells of {size}"
            )
        if answer.body == before:
            raise RepeatedPageError(
                f"{client.account.name}/{stream}: the same part of the export came twice; stopped"
            )
        before = answer.body
        if export.kind == "zip":
            yield (
                request,
                _unpacked(answer.body, client.biggest_page, f"{client.account.name}/{stream}"),
            )
            return
        rows = _rows(answer.body)
        told = answer.headers.get(export.count) if export.count else None
        if answer.body.lstrip()[:1] == b"<" or (told is not None and len(rows) != int(told)):
            raise TruncatedPageError(
                f"{client.account.name}/{stream}: the export has {len(rows)} rows, the vendor tells"
                f" of {told}"
            )
        yield request, msgspec.json.encode({records: rows})
        locator = answer.headers.get(export.more, "null") if export.more else "null"
        request = request.with_params(**{export.more_param: locator}) if locator != "null" else None


def _wait(
    client: Client, export: Export, key: str, job: str, stream: str, clock: Callable[[], float]
) -> Mapping[str, Any]:
    began, pause = clock(), export.every_seconds
    for _ in range(_MOST_LOOKS):
        found = _json(client, export.poll(key, job), stream)
        state = str(_at(found, export.state_at))
        if state in export.failed:
            raise RejectedByVendorError(
                f"{client.account.name}/{stream}: the vendor gave up on the export: {state}"
            )
        if state in export.done:
            return found
        if clock() - began > export.longest_seconds:
            break
        client.pause(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    raise UnreachableError(
        f"{client.account.name}/{stream}: the export is not ready after {clock() - began:.0f} s"
    )


def _json(client: Client, request: Request, stream: str) -> Mapping[str, Any]:
    found = client.send(request, stream=stream, accept=_ANY.decode)[1].document
    return found if isinstance(found, dict) else {}


def _at(found: Json, path: str) -> Json:
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _unpacked(body: bytes, most: int, who: str) -> bytes:
    """The one file of a zip, at most `most` bytes: its name is never used, so it cannot lead
    anywhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise ContractError(f"{who}: the export's zip has {len(members)} files, not one")
            with archive.open(members[0]) as file:
                content = file.read(most + 1)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as broken:
        raise ContractError(f"{who}: the export is not a zip that can be read ({broken})") from None
    if len(content) > most:
        raise ContractError(f"{who}: the export unpacks to more than {most >> 20} MiB")
    return content


def _rows(body: bytes) -> list[dict[str, Any]]:
    """CSV as objects; dotted heads are nested, empty cells null."""
    rows = []
    for row in csv.DictReader(io.StringIO(body.decode("utf-8").replace("\0", ""), newline="")):
        made: dict[str, Any] = {}
        for head, cell in row.items():
            *outer, name = head.split(".")
            inner = made
            for step in outer:
                inner = inner.setdefault(step, {})
            inner[name] = cell or None
        rows.append(made)
    return rows
