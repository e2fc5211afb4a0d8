"""Keeps Python's garbage collector out of large imports."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_frozen() -> Iterator[None]:
    """Import modules in this block without garbage collection, and exclude them from it later.

    While modules load, the collector scans all objects again and again: a fifth of the import time.
    Modules live as long as the process, so later scans skip them too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
