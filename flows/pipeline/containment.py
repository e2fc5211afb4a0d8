"""The boundary around each step: an exception ends that step, and the run goes on without it."""

import traceback
from pathlib import Path

from tasks.settings import redact


def keep_traceback(error: BaseException, folder: Path, name: str) -> Path:
    """Write the traceback to `folder/name.traceback.txt`, readable by its owner only.

    Known secrets are replaced by ***. Raises OSError if the file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.traceback.txt"
    text = "".join(traceback.format_exception(error))
    path.touch(mode=0o600)
    path.write_text(redact(text), encoding="utf-8")
    return path
