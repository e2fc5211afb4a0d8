"""Explain an exception on one line, and keep the traceback of one that nobody foresaw."""

import re
import traceback
from pathlib import Path

from tasks.errors import SupportEtlError
from tasks.settings import redact

_LONGEST_REASON = 500
_NOT_IN_A_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def traceback_of(error: BaseException) -> str:
    """The traceback as text; known secrets are replaced by ***."""
    return redact("".join(traceback.format_exception(error)))


def keep_traceback(error: BaseException, folder: Path, name: str) -> Path:
    """Write the traceback to `folder/name.traceback.txt`, readable by its owner only.

    Raises OSError if the file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_NOT_IN_A_FILE_NAME.sub('-', name)}.traceback.txt"
    path.touch(mode=0o600)
    path.write_text(traceback_of(error), encoding="utf-8")
    return path


def explain(error: Exception, folder: Path, name: str) -> str:
    """The error on one line without secrets; one that is not ours names its traceback's file."""
    if isinstance(error, SupportEtlError):
        return redact(str(error))
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST_REASON]
    try:
        where = f"its traceback is in {keep_traceback(error, folder, name)}"
    except OSError as refusal:
        where = f"its traceback could not be written to {folder}: {refusal.strerror}"
    return redact(f"{reason}; {where}")
