"""Keeps Python's garbage collector out of large imports."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_frozen() -> Iterator[None]:
    """Import within this what lives as long as the process.

    The collector looks through everything again and again while modules come in, a fifth of the
    time of the import, and later whenever it looks for garbage among all objects; what has come is
    kept from it.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
