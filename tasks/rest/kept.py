"""Tokens that outlive the run: a refresh token that the vendor rotates works only once.

The new one is on disk before it is used: in a file that its owner alone can read, replaced as a
whole. A lock keeps two processes from spending one token. No token is in a log, an error or the
warehouse.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import filelock
import msgspec

from tasks.errors import ConfigurationError, UnreachableError
from tasks.settings import remember_secret

_LONGEST_WAIT = 300.0  # seconds for another process that renews


class SecretSource(Protocol):
    """Where a refresh token comes from when that place can be written."""

    def read(self) -> str | None:
        """The token that is there now."""

    def write(self, value: str) -> bool:
        """Put the new token in its place; whether that worked."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The tokens of one account.

    `configured` is the fingerprint of the token that the user gave, and of where it is used.
    `until` is Unix time. `is_pending`: a new token was asked for, and no answer was kept.
    """

    configured: str
    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    until: float = 0.0
    is_pending: bool = False


def fingerprint(*parts: str) -> str:
    """A text from which the parts cannot be read, and that changes with any of them."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Keeper:
    """Keeps the rotated tokens of one account in a file, or writes them back to their source."""

    def __init__(self, path: Path, source: SecretSource | None = None) -> None:
        self.path = path
        self._source = source

    @contextmanager
    def held(self, *, is_needed: bool) -> Iterator[None]:
        """Keep other processes from renewing meanwhile; without a lock where none is needed.

        Raises:
            ConfigurationError: The folder cannot be written, and the tokens rotate.
            UnreachableError: Another process holds the lock for minutes.

        """
        lock = self._locked(is_needed=is_needed)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def _locked(self, *, is_needed: bool) -> filelock.BaseFileLock | None:
        lock = filelock.FileLock(f"{self.path}.lock", timeout=_LONGEST_WAIT, mode=0o600)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except filelock.Timeout:
            raise UnreachableError(
                f"{self.path.stem}: another process renews the token, and does not end"
            ) from None
        except (OSError, NotImplementedError) as refusal:
            if is_needed and self._source is None:
                raise self._unwritable(refusal) from None
            return None
        return lock

    def configured(self, given: str) -> str:
        """The refresh token that the user gave, as it is now."""
        found = self._source.read() if self._source else None
        if found:
            remember_secret(found)
        return found or given

    def read(self, configured: str) -> Kept | None:
        """What is kept for the configured token; None if nothing is, or if the user gave another.

        Raises:
            ConfigurationError: The file cannot be read.

        """
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=Kept)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, msgspec.DecodeError) as trouble:
            raise ConfigurationError(
                f"{self.path}: the kept tokens cannot be read ({type(trouble).__name__}); delete"
                " the file to begin with the token of the settings"
            ) from None
        if kept.configured != configured:
            return None
        remember_secret(kept.refresh_token)
        remember_secret(kept.access_token)
        return kept

    def announce(self, kept: Kept, *, is_needed: bool) -> None:
        """Note that a new token is asked for: proof that the answer can be written, too.

        Raises:
            ConfigurationError: The file cannot be written, and the tokens rotate.

        """
        try:
            self._write(replace(kept, is_pending=True))
        except OSError as refusal:
            if is_needed and self._source is None:
                raise self._unwritable(refusal) from None

    def keep(self, kept: Kept, *, is_rotated: bool) -> None:
        """Write the tokens; a rotated one goes back to its source, if that can be written.

        Raises:
            ConfigurationError: A rotated token could be kept nowhere.

        """
        refusal = self._try_write(kept)
        if not is_rotated:
            return
        if self._source is not None and self._source.write(kept.refresh_token):
            self.path.unlink(missing_ok=True)
        elif refusal is not None:
            raise self._unwritable(refusal)

    def _try_write(self, kept: Kept) -> OSError | None:
        try:
            self._write(kept)
        except OSError as refusal:
            return refusal
        return None

    def _write(self, kept: Kept) -> None:
        """Replace the file as a whole; it is on disk when this returns."""
        temporary = self.path.with_suffix(".tmp")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unwritable(self, refusal: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}: a token that the vendor rotates cannot be kept"
            f" ({type(refusal).__name__}); make the folder writable, or name another with"
            " SUPPORT_ETL_TOKENS"
        )
