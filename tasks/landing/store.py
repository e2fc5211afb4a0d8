"""The landing zone: a folder or any fsspec URL.

    <root>/erased.json                                                   marks of erased persons
    <root>/<connector>/<account>/<stream>/open.json                      the batch in work, if any
    <root>/<connector>/<account>/<stream>/<day>/<batch>/000001.jsonl.zst one page: a header line,
        then the body
    <root>/<connector>/<account>/<stream>/<day>/<batch>/manifest.json    written last: the batch is
        complete

A page is written under another name and renamed: it is there whole or not at all. A page whose
checksum does not fit counts as not landed.
"""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import msgspec
import pyarrow as pa

from tasks.clock import Window, now, parse_instant
from tasks.errors import StorageError

_CODEC = "zstd"
_ERASED = "erased.json"


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of one account."""

    connector: str
    account: str
    stream: str

    @property
    def folder(self) -> str:
        """Folder below the root."""
        return f"{self.connector}/{self.account}/{self.stream}"

    def __str__(self) -> str:
        return f"{self.account}/{self.stream}"


@dataclass(frozen=True, slots=True)
class Batch:
    """The pages of one stream and one window."""

    source: Source
    batch_id: str
    window: Window
    bookmark: Mapping[str, Any]
    opened_at: datetime

    @property
    def folder(self) -> str:
        """Folder below the root; batches of a day lie together."""
        return f"{self.source.folder}/{self.window.end:%Y-%m-%d}/{self.batch_id}"


@dataclass(frozen=True, slots=True)
class Landed:
    """One page read back."""

    number: int
    header: Mapping[str, Any]
    body: bytes


class Landing:
    """Reads and writes the landing zone. Raises StorageError when it is full, read-only or gone."""

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as wrong:
            raise StorageError(f"landing zone {url}: {wrong}") from None
        self._is_local = "file" in self._files.protocol

    def open_batch(self, source: Source, window: Window, bookmark: Mapping[str, Any]) -> Batch:
        """Begin a batch and remember it as the one in work."""
        batch_id = f"{window.end:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        batch = Batch(source, batch_id, window, bookmark, now())
        self._write(f"{source.folder}/open.json", msgspec.json.encode(_batch_json(batch)))
        return batch

    def batch_in_work(self, source: Source) -> Batch | None:
        """The batch that an earlier run began and did not load, or None.

        What a killed run wrote half of is removed.
        """
        self._sweep(source.folder)
        stored = self._read(f"{source.folder}/open.json")
        try:
            batch = _batch_of(source, msgspec.json.decode(stored)) if stored else None
        except (msgspec.DecodeError, KeyError):
            return None
        if batch:
            self._sweep(batch.folder)
        return batch

    def sweep(self, account: str) -> None:
        """Remove what killed runs wrote half of, anywhere in an account.

        For the only run at work.
        """
        self._sweep(f"*/{account}/**")

    def _sweep(self, folder: str) -> None:
        for path in self._files.glob(f"{self._root}/{folder}/*.tmp") if self._is_local else ():
            self._files.rm_file(path)

    def forget(self, batch: Batch) -> None:
        """The batch is loaded, or given up: no batch is in work any more."""
        path = f"{self._root}/{batch.source.folder}/open.json"
        if self._files.exists(path):
            self._files.rm_file(path)

    def keep(self, batch: Batch, number: int, header: Mapping[str, Any], body: bytes) -> None:
        """Land one page. `number` counts from 1."""
        self._write(f"{batch.folder}/{number:06d}.jsonl.zst", _packed(header, body))

    def pages(self, batch: Batch) -> Iterator[Landed]:
        """The landed pages in order, up to the first that is missing or damaged."""
        number = 1
        while (landed := self._page(batch, number)) is not None:
            yield landed
            number += 1

    def page(self, batch: Batch, number: int) -> Landed:
        """One landed page. Raises StorageError if it is not there."""
        landed = self._page(batch, number)
        if landed is None:
            raise StorageError(f"landed page {number} of {batch.folder} is missing or damaged")
        return landed

    def finish(self, batch: Batch, facts: Mapping[str, Any]) -> None:
        """Write the manifest: the batch is complete."""
        manifest = {**_batch_json(batch), **facts, "completed_at": now().isoformat()}
        self._write(
            f"{batch.folder}/manifest.json", msgspec.json.format(msgspec.json.encode(manifest))
        )

    def manifest(self, batch: Batch) -> Mapping[str, Any] | None:
        """The manifest of a complete batch, else None."""
        stored = self._read(f"{batch.folder}/manifest.json")
        return msgspec.json.decode(stored) if stored else None

    def batches(self, source: Source) -> list[Batch]:
        """All complete batches of a stream, in the order they were begun."""
        paths = self._files.glob(f"{self._root}/{source.folder}/*/*/manifest.json")
        found = [
            _batch_of(source, msgspec.json.decode(self._files.cat_file(path))) for path in paths
        ]
        return sorted(found, key=lambda batch: (batch.window.end, batch.opened_at, batch.batch_id))

    def find(self, source: Source, batch_id: str) -> Batch | None:
        """A complete batch by its id."""
        paths = self._files.glob(f"{self._root}/{source.folder}/*/{batch_id}/manifest.json")
        return (
            _batch_of(source, msgspec.json.decode(self._files.cat_file(paths[0])))
            if paths
            else None
        )

    def is_empty(self) -> bool:
        """Whether no batch was ever completed here."""
        return not self._files.glob(f"{self._root}/*/*/*/*/*/manifest.json")

    def bodies(self, account: str, batch: Batch | None = None) -> Iterator[tuple[str, bytes]]:
        """Path and body of every landed page of an account, or of one batch.

        Damaged pages are left out.
        """
        for path in sorted(
            self._files.glob(
                f"{self._root}/{batch.folder if batch else f'*/{account}/*/*/*'}/*.jsonl.zst"
            )
        ):
            unpacked = _unpacked(bytes(self._files.cat_file(path)))
            if unpacked:
                yield path, unpacked[1]

    def rewrite(self, path: str, body: bytes) -> None:
        """Another body for a landed page; its header stays, its checksum follows."""
        unpacked = _unpacked(bytes(self._files.cat_file(path)))
        assert unpacked is not None  # `bodies` gave it
        self._write(path.removeprefix(f"{self._root}/"), _packed(unpacked[0], body))

    def erased(self) -> list[tuple[str, str]]:
        """Marks of erased persons: account and fingerprint."""
        stored = self._read(_ERASED)
        return [(str(a), str(mark)) for a, mark in msgspec.json.decode(stored)] if stored else []

    def keep_erased(
        self,
        marks: Sequence[tuple[str, str]],
    ) -> None:
        """Keep all marks of erased persons."""
        self._write(_ERASED, msgspec.json.encode(marks))

    def remove_empty(self, source: Source) -> None:
        """Remove the folders of a source and the root, as far as nothing is in them."""
        folder = f"{self._root}/{source.folder}"
        while self._is_local and len(folder) >= len(self._root):
            try:
                Path(folder).rmdir()
            except OSError:  # not empty
                return
            folder = folder.rpartition("/")[0]

    def remove(self, folder: str) -> None:
        """Delete a batch's folder."""
        self._files.rm(folder, recursive=True)

    def old_batches(self, before: datetime, abandoned_before: datetime) -> list[str]:
        """Folders of batches completed before one instant, or abandoned before another."""
        found = []
        for folder in sorted(
            {path.rsplit("/", 1)[0] for path in self._files.glob(f"{self._root}/*/*/*/*/*/*")}
        ):
            manifest = self._read(f"{folder}/manifest.json".removeprefix(f"{self._root}/"))
            if manifest:
                if parse_instant(msgspec.json.decode(manifest)["completed_at"]) < before:
                    found.append(folder)
            elif self._modified(folder) < abandoned_before:
                found.append(folder)
        return found

    def _modified(self, folder: str) -> datetime:
        """The last change of anything in a folder; now where the store does not tell."""
        told = [
            info.get("mtime") or info.get("LastModified")
            for info in self._files.ls(folder, detail=True)
        ]
        instants = [
            datetime.fromtimestamp(t, UTC) if isinstance(t, (int, float)) else t for t in told if t
        ]
        return max(instants, default=now())

    def _page(self, batch: Batch, number: int) -> Landed | None:
        packed = self._read(f"{batch.folder}/{number:06d}.jsonl.zst")
        if not packed or len(packed) < 8:
            return None
        unpacked = _unpacked(packed)
        return Landed(number, *unpacked) if unpacked else None

    def _write(self, name: str, content: bytes) -> None:
        path = f"{self._root}/{name}"
        try:
            if not self._is_local:
                self._files.pipe_file(path, content)
                return
            os.makedirs(
                self._root, mode=0o700, exist_ok=True
            )  # it has names and bodies as the vendor sent them
            os.makedirs(os.path.dirname(path), exist_ok=True)
            temporary = f"{path}.{os.getpid()}.tmp"
            try:
                with open(temporary, "wb") as file:
                    file.write(content)
                os.replace(temporary, path)
            except OSError:
                if os.path.exists(temporary):
                    os.remove(temporary)
                raise
        except OSError as trouble:
            raise StorageError(_storage_words(self._root, trouble)) from None

    def _read(self, name: str) -> bytes | None:
        try:
            return bytes(self._files.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None
        except OSError as trouble:
            raise StorageError(_storage_words(self._root, trouble)) from None


def _packed(header: Mapping[str, Any], body: bytes) -> bytes:
    """A header line with the checksum, and the body, compressed; then 8 bytes with their size."""
    head = msgspec.json.encode(
        {**header, "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    )
    size = (len(head) + 1 + len(body)).to_bytes(8, "little")
    return bytes(pa.compress(head + b"\n" + body, codec=_CODEC, asbytes=True)) + size


def _unpacked(packed: bytes) -> tuple[Mapping[str, Any], bytes] | None:
    """Header and body; None for a page that is damaged."""
    size = int.from_bytes(packed[-8:], "little")
    try:
        text = pa.decompress(packed[:-8], decompressed_size=size, codec=_CODEC, asbytes=True)
        head, body = text.split(b"\n", 1)
        header = msgspec.json.decode(head)
    except (OSError, ValueError, msgspec.DecodeError):
        return None
    return (header, body) if hashlib.sha256(body).hexdigest() == header["sha256"] else None


def _storage_words(root: str, trouble: OSError) -> str:
    if trouble.errno == errno.ENOSPC:
        return (
            f"landing zone {root}: the disk is full; free space and run again, landed pages are"
            " kept"
        )
    return f"landing zone {root}: {trouble.strerror or trouble}; check the path and its permissions"


def _batch_json(batch: Batch) -> dict[str, Any]:
    return {
        "connector": batch.source.connector,
        "account": batch.source.account,
        "stream": batch.source.stream,
        "batch_id": batch.batch_id,
        "window": [batch.window.start.isoformat(), batch.window.end.isoformat()],
        "bookmark": batch.bookmark,
        "opened_at": batch.opened_at.isoformat(),
    }


def _batch_of(source: Source, stored: Mapping[str, Any]) -> Batch:
    start, end = (parse_instant(text) for text in stored["window"])
    return Batch(
        source,
        stored["batch_id"],
        Window(start, end),
        stored["bookmark"],
        parse_instant(stored["opened_at"]),
    )
