"""The errors, made from the classes of `tasks.errors`."""

import inspect
from collections.abc import Iterable

from docs.reference.markdown import code, table
from tasks.errors import SupportEtlError


def errors() -> str:
    """Return every error class with its exit code, below the class that it belongs to."""
    rows = [
        (code(error.__name__), _kind(error), error.exit_code, _meaning(error))
        for error in walk(SupportEtlError)
    ]
    return table(("Error", "Kind of", "Exit code", "Meaning"), rows)


def walk(error: type[SupportEtlError]) -> Iterable[type[SupportEtlError]]:
    """Give the class, then the classes derived from it, each before its own."""
    yield error
    for derived in error.__subclasses__():
        yield from walk(derived)


def _kind(error: type[SupportEtlError]) -> str:
    base = error.__bases__[0]
    return "" if base is Exception else code(base.__name__)


def _meaning(error: type[SupportEtlError]) -> str:
    return " ".join((inspect.getdoc(error) or "").split())
