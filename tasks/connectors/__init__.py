"""The vendors: one file each, declarations only. The file's name is the vendor's name."""

import importlib
import pkgutil
from functools import cache

from tasks.errors import ConfigurationError
from tasks.rest.spec import Connector


@cache
def connectors() -> dict[str, Connector]:
    """All vendors by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}").connector for name in names}


def connector(name: str) -> Connector:
    """The vendor of that name. Raises ConfigurationError that lists the known ones."""
    known = connectors()
    if name not in known:
        raise ConfigurationError(f"connector {name!r} is not known; there are {', '.join(known)}")
    return known[name]
