"""The vendors: one package each, declarations only. The package's name is the vendor's name."""

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache

from tasks.errors import ConfigurationError
from tasks.rest.spec import Connector


def names() -> tuple[str, ...]:
    """The names of all vendors, without importing any."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__) if info.ispkg))


@cache
def connector(name: str) -> Connector:
    """The vendor of that name. Raises ConfigurationError that lists the known ones."""
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names())}"
        raise ConfigurationError(f"connector {name!r} is not known; {advice}")
    declared: Connector = importlib.import_module(f"{__name__}.{name}").connector
    return declared


def connectors() -> dict[str, Connector]:
    """All vendors by name."""
    return {name: connector(name) for name in names()}
